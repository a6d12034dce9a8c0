//! What is generated from the code is what is committed.

use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_custom_resource_definition_is_committed_as_generated() {
    let generated = serde_yaml::to_string(&ivs_operator::crd::definition()).unwrap();
    for path in ["manifests/crd.yaml", "charts/ivs-operator/files/crd.yaml"] {
        assert!(
            read(path) == generated,
            "{path} is not as generated: run `make generate`"
        );
    }
}

#[test]
fn every_example_parses() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/examples");
    let mut streams = 0;
    for entry in std::fs::read_dir(examples).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for document in text
            .split("\n---\n")
            .filter(|document| document.contains("kind: LiveStream"))
        {
            serde_yaml::from_str::<ivs_operator::crd::LiveStream>(document)
                .unwrap_or_else(|error| panic!("{error}: {document}"));
            streams += 1;
        }
    }
    assert!(streams >= 3, "{streams} examples");
}
