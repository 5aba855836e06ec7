//! What libFuzzer has found is replayed by every `cargo test`, without libFuzzer.

use std::fs;
use std::path::{Path, PathBuf};

use gslb_fuzz::{documents, frames, options, respond, seeds};

fn replay(target: &str, run: fn(&[u8])) {
    for (name, inputs) in seeds::all() {
        if name == target {
            for input in &inputs {
                run(input);
            }
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let files = fs::read_dir(&folder).expect("a corpus");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() >= 50, "{} has {} inputs", folder.display(), files.len());
    for file in files {
        println!("{}", file.display()); // shown if it fails
        run(&fs::read(&file).expect("an input"));
    }
}

#[test]
fn packets() {
    replay("respond", respond::run);
}

#[test]
fn options_of_all_kinds() {
    replay("options", options::run);
}

#[test]
fn documents_of_all_kinds() {
    replay("documents", documents::run);
}

#[test]
fn streams() {
    replay("frames", frames::run);
}
