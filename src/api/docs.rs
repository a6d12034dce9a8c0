//! `/openapi.json`, and `/docs`: a page to try the API on, with assets of our own.

use axum::Router;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_swagger_ui::SwaggerUi;

use super::state::AppState;

#[derive(OpenApi)]
#[openapi(
    info(title = "ivs-operator API", description = "Chat tokens and live streams of Amazon IVS, for signed-in users and guests."),
    modifiers(&Bearer)
)]
struct Base;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let mut http = Http::new(HttpAuthScheme::Bearer);
        http.bearer_format = Some("JWT".to_owned());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(http));
    }
}

/// The document without its routes, which the router adds.
pub(super) fn openapi() -> Document {
    Base::openapi()
}

pub(super) fn routes(document: Document) -> Router<AppState> {
    Router::new().merge(SwaggerUi::new("/docs").url("/openapi.json", document))
}
