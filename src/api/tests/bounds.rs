//! Too many, too slow, not whole, not there: what holds for every route.

use tokio::io::AsyncWriteExt;

use super::*;

async fn state() -> AppState {
    let mut registry = prometheus_client::registry::Registry::default();
    let aws = Aws::connect("us-east-1", AwsMetrics::register(&mut registry)).await;
    AppState::new(options(None), aws, Arc::default(), registry).unwrap()
}

#[tokio::test]
async fn too_many_at_once_are_refused_at_once() {
    let state = state().await;
    let all = u32::try_from(limits::CONCURRENCY).unwrap();
    let taken = state.slots.try_acquire_many(all).unwrap();
    let (response, body) = send(router(state.clone()), get("/api/config")).await;
    assert_problem(&response, &body, 503, "unavailable");
    assert_eq!(response.headers()["retry-after"], "1");
    // Probes are no requests of users.
    assert_eq!(send(router(state.clone()), get("/healthz")).await.0.status(), 200);
    drop(taken);
    assert_eq!(
        send(router(state.clone()), get("/api/config")).await.0.status(),
        200
    );
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_told_so() {
    let state = state().await;
    let slow = Router::new().route(
        "/api/slow",
        axum::routing::post(async |_: extract::Json<Value>| {}),
    );
    let app = bounded(slow, &state, Duration::from_millis(20)).with_state(state);
    let never = Body::from_stream(futures::stream::pending::<std::io::Result<Vec<u8>>>());
    let request = Request::post("/api/slow")
        .header("content-type", "application/json")
        .header("origin", "https://shop.example");
    let (response, body) = send(app, request.body(never).unwrap()).await;
    assert_problem(&response, &body, 503, "unavailable");
    let headers = response.headers();
    assert_eq!(headers["retry-after"], "5");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["access-control-allow-origin"], "https://shop.example");
}

#[tokio::test]
async fn the_end_does_not_wait_for_a_request_that_never_becomes_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let drain = Duration::from_millis(50);
    let state = state().await;
    let served = tokio::spawn(serve(listener, state, async { drop(stopped.await) }, drain));
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    connection
        .write_all(b"GET /healthz HTTP/1.1\r\nHos")
        .await
        .unwrap();
    // An unused connection would be closed at once: let the server see that this one is used.
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), served)
        .await
        .expect("ends")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn it_is_ready_when_it_knows_the_streams() {
    let state = state().await;
    let (response, body) = send(router(state.clone()), get("/readyz")).await;
    assert_eq!(response.status(), 503);
    assert_eq!(body, "waiting for the first list of LiveStreams\n");
    state.streams.take(&None, watcher::Event::Init);
    state.streams.take(&None, watcher::Event::InitDone);
    assert_eq!(send(router(state), get("/readyz")).await.0.status(), 200);
}

#[tokio::test]
async fn every_refusal_is_a_problem() {
    let state = state().await;
    for (method, path, status, slug) in [
        ("GET", "/api", 404, "no-such-route"),
        ("GET", "/api/", 404, "no-such-route"),
        ("POST", "/api/nothing/at/all", 404, "no-such-route"),
        ("GET", "/nothing", 404, "no-such-route"),
        ("POST", "/healthz", 405, "method-not-allowed"),
        ("DELETE", "/metrics", 405, "method-not-allowed"),
        ("PUT", "/openapi.json", 405, "method-not-allowed"),
        ("PATCH", "/api/streams/a/b", 405, "method-not-allowed"),
        ("GET", "/api/streams/a/%ff", 400, "bad-request"),
        ("GET", "/api/streams?limit=1&limit=2", 400, "bad-request"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let (response, body) = send(router(state.clone()), request.body(Body::empty()).unwrap()).await;
        assert_problem(&response, &body, status, slug);
        assert_eq!(response.headers().contains_key("allow"), status == 405, "{path}");
        assert!(response.headers().contains_key("x-request-id"), "{path}");
    }
    let twice = r#"{"roomIdentifier": "a", "roomIdentifier": "b"}"#;
    let (response, body) = send(router(state.clone()), post("/api/chat/token", twice)).await;
    assert_problem(&response, &body, 400, "bad-request");
    let (_, body) = send(router(state), post("/api/chat/token", r#"{"userId": "admin"}"#)).await;
    assert!(body["detail"].as_str().unwrap().contains("userId"), "{body}");
}

#[tokio::test]
async fn the_page_of_the_documents_obeys_its_policy() {
    let state = state().await;
    let (response, page) = send(router(state.clone()), get("/docs/")).await;
    let page = page.as_str().unwrap();
    assert!(
        !page.contains("<script>") && !page.contains("//unpkg") && !page.contains("https://"),
        "{page}"
    );
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'self';") && !policy.contains("script-src"),
        "{policy}"
    );
    for asset in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-initializer.js"] {
        assert!(page.contains(asset), "{asset} in {page}");
        let (response, _) = send(router(state.clone()), get(&format!("/docs/{asset}"))).await;
        assert_eq!(response.status(), 200, "{asset}");
    }
}
