//! The plane and its sockets without Python: serves a folder of documents on one address.
//!
//! `serve FOLDER ADDR:PORT WORKERS`. The folder holds `policy` and, for each zone, its document, its
//! member words and its pool words, as `Engine.publish` takes them in `gslb/_plane.pyi`:
//! `NAME.zone`, `NAME.members`, `NAME.pools`; and the documents of maps, `NAME.map`. It prints `ready`
//! and answers until it is killed.
//!
//! `bench/instructions.py` runs it under callgrind, which would have to count all of Python else.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::{env, fs, thread};

use gslb_plane::engine::Engine;
use gslb_plane::server::Server;
use gslb_plane::snapshot::Release;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [folder, address, workers] = words.as_slice() else {
        return Err("serve FOLDER ADDR:PORT WORKERS".into());
    };
    let engine = Arc::<Engine>::default();
    publish(&engine, Path::new(folder))?;
    let mut server = Server::bind(engine, &[address.parse()?], workers.parse()?)?;
    server.start()?;
    println!("ready");
    loop {
        thread::park();
    }
}

fn publish(engine: &Engine, folder: &Path) -> Result<(), Box<dyn Error>> {
    let (mut zones, mut maps) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let part = |suffix| fs::read(path.with_extension(suffix));
        match path.extension().and_then(|suffix| suffix.to_str()) {
            Some("zone") => zones.push((part("zone")?, part("members")?, part("pools")?)),
            Some("map") => maps.push(part("map")?),
            _ => {}
        }
    }
    let zones: Vec<_> = zones
        .iter()
        .map(|(zone, members, pools)| (zone.as_slice(), members.as_slice(), pools.as_slice()))
        .collect();
    let maps: Vec<_> = maps.iter().map(Vec::as_slice).collect();
    let release =
        Release { revision: 1, zones: &zones, maps: &maps, drop_zones: &[], drop_maps: &[] };
    engine.publisher.configure(&fs::read(folder.join("policy"))?)?;
    engine.publisher.publish(&release)?;
    Ok(())
}
