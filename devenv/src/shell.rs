//! The variables that make a shell, or a test, speak to the environment.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::parts::{Context, aws_variables};

/// Names and values, without `PATH`.
pub(crate) fn variables(context: &Context<'_>) -> Vec<(String, String)> {
    let local = |name: &str| format!("http://localhost:{}", context.port(name));
    let mut variables = vec![
        (
            "KUBECONFIG".to_owned(),
            context.kubeconfig().display().to_string(),
        ),
        ("API_URL".to_owned(), local("api")),
        ("EMULATOR_URL".to_owned(), local("emulator")),
        (
            "DYNAMODB_URL".to_owned(),
            format!("http://127.0.0.1:{}", context.port("dynamodb")),
        ),
        (
            "REGISTRY_TABLE".to_owned(),
            context.settings.registry_table.clone(),
        ),
        ("OIDC_ISSUER".to_owned(), local("oidc")),
    ];
    variables.extend(
        aws_variables(context, "devenv")
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    variables
}

/// The text of the file to be sourced.
pub(crate) fn env_file(variables: &[(String, String)], path: &[PathBuf]) -> String {
    let mut text =
        "# Sourced by a shell, it speaks to the development environment: kubectl, devenv, aws, any SDK.\n\
                    unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL\n"
            .to_owned();
    for (name, value) in variables {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "export {name}={}", quote(value));
    }
    for dir in path.iter().rev() {
        let dir = quote(&dir.display().to_string());
        // Sourcing it again does not make PATH longer.
        let _ = writeln!(
            text,
            "case \":$PATH:\" in *:{dir}:*) ;; *) export PATH={dir}:\"$PATH\" ;; esac"
        );
    }
    text
}

fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_written() {
        let odd = "it's $HOME `x` \"y\"";
        let variables = [("ODD".to_owned(), odd.to_owned())];
        let dirs = [PathBuf::from("/first one"), PathBuf::from("/second")];
        let path = std::env::temp_dir().join(format!("devenv-env-{}", std::process::id()));
        std::fs::write(&path, env_file(&variables, &dirs)).unwrap();
        let script = r#". "$1"; . "$1"; printf '%s\n%s' "$ODD" "$PATH""#;
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", script, "sh"])
            .arg(&path)
            .env("PATH", "/usr/bin")
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("{odd}\n/first one:/second:/usr/bin")
        );
        std::fs::remove_file(&path).unwrap();
    }
}
