//! The arrows between the parts go one way: crd ← aws ← controller, crd ← aws ← api.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn sources(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

#[test]
fn parts_import_only_what_is_below_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (part, forbidden) in [
        (
            "crd",
            &[
                "crate::aws",
                "crate::controller",
                "crate::api",
                "aws_sdk_",
                "aws_config",
            ][..],
        ),
        (
            "aws",
            &["crate::controller", "crate::api", "kube::Client", "kube::Api"],
        ),
        ("controller", &["crate::api", "aws_sdk_", "aws_config"]),
        ("api", &["crate::controller", "aws_sdk_", "aws_config"]),
    ] {
        let files = sources(&src.join(part));
        assert!(!files.is_empty(), "{part}");
        for (path, text) in files {
            for name in forbidden {
                assert!(!text.contains(name), "{} must not name {name}", path.display());
            }
        }
    }
}

#[test]
fn the_operator_depends_on_its_test_tools_in_tests_only() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let (dependencies, tests) = manifest.split_once("[dev-dependencies]").unwrap();
    let (_, dependencies) = dependencies.split_once("\n[dependencies]").unwrap();
    for tool in ["devenv", "ivs-emulator"] {
        assert!(!dependencies.contains(tool), "{tool} is for tests");
    }
    assert!(tests.contains("devenv"));
}

#[test]
fn no_role_may_do_everything_or_list_secrets() {
    let install =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/install.yaml")).unwrap();
    let mut rules = 0;
    for document in install.split("\n---\n") {
        let Ok(value) = serde_yaml::from_str::<serde_json::Value>(document) else {
            continue;
        };
        for rule in value["rules"].as_array().into_iter().flatten() {
            rules += 1;
            assert!(!rule.to_string().contains('*'), "{rule}");
            let of = |field: &str, name: &str| {
                rule[field]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|item| item == name))
            };
            if of("resources", "secrets") {
                assert!(!of("verbs", "list") && !of("verbs", "watch"), "{rule}");
            }
        }
    }
    assert!(rules > 3, "{rules} rules were looked at");
}
