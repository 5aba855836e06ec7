//! Writes first inputs for every target into `FOLDER/TARGET/`: real questions, documents, streams.
//!
//! `cargo run --example seed -- FOLDER`; what libFuzzer makes of them is kept in `corpus/`.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = env::args().nth(1).expect("say into which folder");
    for (target, inputs) in gslb_fuzz::seeds::all() {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder)?;
        for (number, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:04}")), input)?;
        }
    }
    Ok(())
}
