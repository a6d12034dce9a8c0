//! The one binary: `controller`, `api`, `crd`.
fn main() {
    print!("{}", serde_yaml::to_string(&ivs_operator::crd::definition()).unwrap());
}
