//! The door to Python: `gslb._plane`. Its contract is `gslb/_plane.pyi`.
//!
//! Nothing is decided here. The GIL is let go wherever something may take long; the threads that
//! answer packets never have it.
#![expect(clippy::needless_pass_by_value, reason = "PyO3 hands lists over as vectors")]

mod atlas;

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::engine;
use crate::net::handover;
use crate::respond::Transport;
use crate::server;
use crate::snapshot::{Fault, Release};

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        PyValueError::new_err(fault.to_string())
    }
}

fn address(text: &str) -> PyResult<IpAddr> {
    let fault = || PyValueError::new_err(format!("{text:?} is not an IP address"));
    text.parse().map_err(|_| fault())
}

fn transport(tcp: bool) -> Transport {
    if tcp { Transport::Tcp } else { Transport::Udp }
}

/// The published world and the function that answers packets. Safe to share with servers.
#[pyclass(frozen, module = "gslb._plane")]
struct Engine(Arc<engine::Engine>);

#[pymethods]
impl Engine {
    #[new]
    fn new() -> Self {
        Self(Arc::default())
    }

    fn publish(
        &self,
        py: Python<'_>,
        revision: u64,
        zones: Vec<(Bound<'_, PyBytes>, Bound<'_, PyBytes>, Bound<'_, PyBytes>)>,
        maps: Vec<Bound<'_, PyBytes>>,
        drop_zones: Vec<Bound<'_, PyBytes>>,
        drop_maps: Vec<String>,
    ) -> PyResult<u64> {
        let zones: Vec<_> = zones
            .iter()
            .map(|(document, members, pools)| {
                (document.as_bytes(), members.as_bytes(), pools.as_bytes())
            })
            .collect();
        let maps: Vec<_> = maps.iter().map(PyBytesMethods::as_bytes).collect();
        let drop_zones: Vec<_> = drop_zones.iter().map(PyBytesMethods::as_bytes).collect();
        let drop_maps: Vec<_> = drop_maps.iter().map(String::as_str).collect();
        let release = Release {
            revision,
            zones: &zones,
            maps: &maps,
            drop_zones: &drop_zones,
            drop_maps: &drop_maps,
        };
        Ok(py.detach(|| self.0.publisher.publish(&release))?)
    }

    fn configure(&self, py: Python<'_>, policy: &[u8]) -> PyResult<()> {
        Ok(py.detach(|| self.0.publisher.configure(policy))?)
    }

    fn set_members(&self, origin: &[u8], changes: Vec<(u32, u64)>) -> PyResult<()> {
        Ok(self.0.publisher.set_members(origin, &changes)?)
    }

    fn set_pools(&self, origin: &[u8], changes: Vec<(u32, u64)>) -> PyResult<()> {
        Ok(self.0.publisher.set_pools(origin, &changes)?)
    }

    #[pyo3(signature = (packet, source, *, tcp=false, seed=None))]
    fn respond<'py>(
        &self,
        py: Python<'py>,
        packet: &[u8],
        source: &str,
        tcp: bool,
        seed: Option<u64>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let reply = self.0.respond(packet, address(source)?, transport(tcp), seed);
        Ok(reply.map(|reply| PyBytes::new(py, &reply)))
    }

    #[pyo3(signature = (packet, source, *, tcp=false, seed=None))]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        packet: &[u8],
        source: &str,
        tcp: bool,
        seed: Option<u64>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let trace = self.0.explain(packet, address(source)?, transport(tcp), seed);
        let json = serde_json::to_vec(&trace)
            .map_err(|error| PyRuntimeError::new_err(format!("a trace is not JSON: {error}")))?;
        Ok(PyBytes::new(py, &json))
    }

    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = PyDict::new(py);
        for (name, count) in self.0.books.counters() {
            counters.set_item(name, count)?;
        }
        Ok(counters)
    }

    fn types(&self) -> Vec<(String, u64)> {
        self.0.books.types()
    }

    fn times(&self) -> (Vec<(u64, u64)>, u64) {
        let times = self.0.books.times();
        (times.buckets, times.sum)
    }

    fn panics<'py>(&self, py: Python<'py>) -> Vec<(Bound<'py, PyBytes>, String, String)> {
        let kept = self.0.panics.take().into_iter();
        kept.map(|one| (PyBytes::new(py, &one.packet), one.source.to_string(), one.message))
            .collect()
    }

    fn answers<'py>(&self, py: Python<'py>) -> Vec<(Bound<'py, PyBytes>, String, u64)> {
        let answers = self.0.books.answers().into_iter();
        answers
            .map(|(vip, datacenter, count)| (PyBytes::new(py, &vip), datacenter.into(), count))
            .collect()
    }

    fn datacenter_answers(&self, py: Python<'_>) -> Vec<(String, u64)> {
        let answers = py.detach(|| self.0.books.datacenter_answers()).into_iter();
        answers.map(|(datacenter, count)| (datacenter.into(), count)).collect()
    }

    fn pool_answers(&self, py: Python<'_>, pools: Vec<(Vec<u8>, String)>) -> Vec<u64> {
        py.detach(|| {
            let pools: Vec<_> = pools
                .into_iter()
                .map(|(vip, datacenter)| (vip.into_boxed_slice(), datacenter.into_boxed_str()))
                .collect();
            self.0.books.pool_answers(&pools)
        })
    }

    #[getter]
    fn generation(&self) -> u64 {
        self.0.publisher.world().generation
    }

    #[getter]
    fn revision(&self) -> u64 {
        self.0.publisher.world().revision
    }
}

/// A signed question that came in a datagram.
#[pyclass(frozen, module = "gslb._plane")]
struct Datagram(Mutex<handover::Datagram>);

#[pymethods]
impl Datagram {
    #[getter]
    fn peer(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).peer.to_canonical().to_string()
    }

    #[getter]
    fn octets<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.lock().unwrap_or_else(PoisonError::into_inner).octets)
    }

    fn reply(&self, octets: &[u8]) -> PyResult<()> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).reply(octets)?)
    }
}

/// UDP and TCP sockets on threads of their own.
#[pyclass(frozen, module = "gslb._plane")]
struct Server(Mutex<server::Server>);

#[pymethods]
impl Server {
    #[new]
    #[pyo3(signature = (engine, listen, workers, *, inherited=Vec::new()))]
    fn new(
        engine: &Bound<'_, Engine>,
        listen: Vec<String>,
        workers: usize,
        inherited: Vec<i32>,
    ) -> PyResult<Self> {
        let mut addresses = Vec::with_capacity(listen.len());
        for text in &listen {
            let address: SocketAddr = text.parse().map_err(|_| {
                PyValueError::new_err(format!(
                    "{text:?} is not ADDR:PORT; write 127.0.0.1:5300 or [::1]:5300"
                ))
            })?;
            addresses.push(address);
        }
        let engine = Arc::clone(&engine.get().0);
        let server = if inherited.is_empty() {
            server::Server::bind(engine, &addresses, workers)
        } else {
            server::Server::adopt(engine, &inherited, workers)
        };
        let server = server.map_err(|error| {
            // With a number first, OSError has `errno` and `strerror`.
            PyOSError::new_err((error.errno(), error.to_string()))
        })?;
        Ok(Self(Mutex::new(server)))
    }

    #[getter]
    fn addresses(&self) -> Vec<String> {
        let server = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        server.addresses().iter().map(SocketAddr::to_string).collect()
    }

    #[getter]
    fn handover_fd(&self) -> i32 {
        let server = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        server.handover().ear().as_raw_fd()
    }

    fn handed_over<'py>(&self, py: Python<'py>) -> Vec<(i32, String, Bound<'py, PyBytes>)> {
        let server = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let handed = server.handover().take_connections().into_iter();
        handed
            .map(|one| {
                let octets = PyBytes::new(py, &one.octets);
                (one.stream.into_raw_fd(), one.peer.to_canonical().to_string(), octets)
            })
            .collect()
    }

    fn handed_datagrams(&self) -> Vec<Datagram> {
        let server = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let handed = server.handover().take_datagrams().into_iter();
        handed.map(|one| Datagram(Mutex::new(one))).collect()
    }

    fn start(&self) -> PyResult<()> {
        let mut server = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        server.start().map_err(|error| PyOSError::new_err((error.errno(), error.to_string())))
    }

    fn stop(&self, py: Python<'_>, seconds: f64) -> bool {
        let wait = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
        py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).stop(wait))
    }
}

/// The answer plane.
#[pymodule]
mod _plane {
    #[pymodule_export]
    use super::{Datagram, Engine, Server};

    #[pymodule_export]
    use super::atlas::{Database, Overlay};

    #[pymodule_export]
    const FORMAT: u32 = crate::snapshot::FORMAT;
}
