//! The built front ends are embedded: a new file in them must build this crate anew.

fn main() {
    for folder in ["../../console/dist", "../../field/dist", "../../design"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
