//! Geography databases for Python: columns of places out, ids and classes in, ranges out.

use std::path::Path;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::atlas::{self, Column, Cuts, Kind, Layer, Wanted};

/// A database file, read whole and checked.
#[pyclass(frozen, module = "gslb._plane")]
pub(super) struct Database(atlas::Database);

#[pymethods]
impl Database {
    #[staticmethod]
    fn open(py: Python<'_>, path: &str) -> PyResult<Self> {
        let opened = py.detach(|| atlas::Database::open(Path::new(path)));
        opened.map(Self).map_err(|error| match error.raw_os_error() {
            // With a number first, OSError has `errno` and `strerror`, and is of the right kind.
            Some(number) => PyOSError::new_err((number, error.to_string(), path.to_owned())),
            None => PyValueError::new_err(error.to_string()),
        })
    }

    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let json = serde_json::to_vec(self.0.metadata())
            .map_err(|error| PyRuntimeError::new_err(format!("metadata is not JSON: {error}")))?;
        Ok(PyBytes::new(py, &json))
    }

    #[getter]
    fn places(&self) -> usize {
        self.0.places()
    }

    fn look(&self, address: &str) -> PyResult<(String, u8)> {
        let parsed = address.parse();
        let parsed =
            parsed.map_err(|_| PyValueError::new_err(format!("{address:?} is no address")))?;
        let (record, prefix) = self.0.look(parsed).map_err(PyValueError::new_err)?;
        let json = record.map_or_else(|| "null".to_owned(), |record| record.to_string());
        Ok((json, prefix))
    }

    fn columns<'py>(
        &self,
        py: Python<'py>,
        wanted: Vec<(String, Vec<String>, String)>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let wanted = wanted
            .into_iter()
            .map(|(name, paths, kind)| match kind.as_str() {
                "number" => Ok(Wanted { name, paths, kind: Kind::Number }),
                "text" => Ok(Wanted { name, paths, kind: Kind::Text }),
                other => {
                    Err(PyValueError::new_err(format!("a column is number or text, not {other}")))
                }
            })
            .collect::<PyResult<Vec<_>>>()?;
        let columns = py.detach(|| {
            let columns = self.0.columns(&wanted)?.into_iter().map(|column| match column {
                Column::Numbers(numbers) => (octets(&numbers, f64::to_le_bytes), Vec::new()),
                Column::Texts(places, words) => (octets(&places, u32::to_le_bytes), words),
            });
            Ok(columns.collect::<Vec<_>>())
        });
        let columns = columns.map_err(PyValueError::new_err::<String>)?;
        let told = PyDict::new(py);
        for (one, (octets, words)) in wanted.iter().zip(columns) {
            told.set_item(&one.name, (PyBytes::new(py, &octets), PyList::new(py, words)?))?;
        }
        Ok(told)
    }
}

/// Client networks cut where any layer changes.
#[pyclass(frozen, module = "gslb._plane")]
pub(super) struct Overlay(atlas::Overlay);

/// Lay databases, with an id for each place, and packed ranges over each other.
fn lay(
    places: &[(&atlas::Database, &[u8])],
    ranges: &[[&[u8]; 4]],
) -> Result<atlas::Overlay, String> {
    let mut layers: Vec<Layer> = Vec::with_capacity(places.len() + ranges.len());
    for (database, ids) in places {
        let ids = numbers(ids, u32::from_le_bytes)?;
        if ids.len() != database.places() {
            let (given, wanted) = (ids.len(), database.places());
            return Err(format!("{given} ids were given for {wanted} places"));
        }
        layers.push(database.layer(&ids));
    }
    for [v4, v4_ids, v6, v6_ids] in ranges {
        layers.push((
            Cuts {
                starts: numbers(v4, u32::from_le_bytes)?,
                numbers: numbers(v4_ids, u32::from_le_bytes)?,
            },
            Cuts {
                starts: numbers(v6, u64::from_le_bytes)?,
                numbers: numbers(v6_ids, u32::from_le_bytes)?,
            },
        ));
    }
    atlas::Overlay::new(&layers)
}

type PackedLayer<'py> =
    (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pymethods]
impl Overlay {
    #[new]
    fn new(
        py: Python<'_>,
        databases: Vec<(PyRef<'_, Database>, Bound<'_, PyBytes>)>,
        networks: Vec<PackedLayer<'_>>,
    ) -> PyResult<Self> {
        let places: Vec<_> =
            databases.iter().map(|(database, ids)| (&database.0, ids.as_bytes())).collect();
        let ranges: Vec<_> = networks
            .iter()
            .map(|(v4, v4_ids, v6, v6_ids)| {
                [v4.as_bytes(), v4_ids.as_bytes(), v6.as_bytes(), v6_ids.as_bytes()]
            })
            .collect();
        py.detach(|| lay(&places, &ranges)).map(Self).map_err(PyValueError::new_err)
    }

    #[getter]
    fn combinations<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let found = py.detach(|| {
            let ids: Vec<u32> = self.0.combinations().flatten().copied().collect();
            octets(&ids, u32::to_le_bytes)
        });
        PyBytes::new(py, &found)
    }

    fn ranges<'py>(
        &self,
        py: Python<'py>,
        classes: &Bound<'py, PyBytes>,
    ) -> PyResult<PackedLayer<'py>> {
        let classes = classes.as_bytes();
        let made = py.detach(|| {
            let (ipv4, ipv6) = self.0.ranges(&numbers(classes, u32::from_le_bytes)?)?;
            Ok([
                octets(&ipv4.starts, u32::to_le_bytes),
                octets(&ipv4.numbers, u32::to_le_bytes),
                octets(&ipv6.starts, u64::to_le_bytes),
                octets(&ipv6.numbers, u32::to_le_bytes),
            ])
        });
        let [v4, v4_classes, v6, v6_classes] = made.map_err(PyValueError::new_err::<String>)?;
        let given = |octets: Vec<u8>| PyBytes::new(py, &octets);
        Ok((given(v4), given(v4_classes), given(v6), given(v6_classes)))
    }
}

fn octets<T: Copy, const N: usize>(values: &[T], write: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    let mut found = Vec::with_capacity(values.len() * N);
    for &value in values {
        found.extend_from_slice(&write(value));
    }
    found
}

fn numbers<T, const N: usize>(
    octets: &[u8],
    read: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, String> {
    let chunks = octets.chunks_exact(N);
    if chunks.remainder().is_empty() {
        Ok(chunks.filter_map(|chunk| chunk.first_chunk().map(|&chunk| read(chunk))).collect())
    } else {
        Err(format!("these are not whole numbers of {N} octets"))
    }
}
