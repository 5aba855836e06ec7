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
        let columns = py.detach(|| self.0.columns(&wanted)).map_err(PyValueError::new_err)?;
        let told = PyDict::new(py);
        for (one, column) in wanted.iter().zip(columns) {
            let (packed, words) = match column {
                Column::Numbers(numbers) => (packed(py, &numbers, |one| one.to_le_bytes()), vec![]),
                Column::Texts(places, words) => {
                    (packed(py, &places, |one| one.to_le_bytes()), words)
                }
            };
            told.set_item(&one.name, (packed, PyList::new(py, words)?))?;
        }
        Ok(told)
    }
}

/// Client networks cut where any layer changes.
#[pyclass(frozen, module = "gslb._plane")]
pub(super) struct Overlay(atlas::Overlay);

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
        let mut found = Vec::with_capacity(databases.len());
        for (database, ids) in &databases {
            let ids: Vec<u32> = unpacked(ids, u32::from_le_bytes)?;
            if ids.len() != database.0.places() {
                let (given, wanted) = (ids.len(), database.0.places());
                return Err(PyValueError::new_err(format!(
                    "{given} ids were given for {wanted} places"
                )));
            }
            found.push((&database.0, ids));
        }
        let mut ranges = Vec::with_capacity(networks.len());
        for (v4, v4_ids, v6, v6_ids) in &networks {
            let ipv4 = Cuts {
                starts: unpacked(v4, u32::from_le_bytes)?,
                numbers: unpacked(v4_ids, u32::from_le_bytes)?,
            };
            let ipv6 = Cuts {
                starts: unpacked(v6, u64::from_le_bytes)?,
                numbers: unpacked(v6_ids, u32::from_le_bytes)?,
            };
            ranges.push((ipv4, ipv6));
        }
        let overlay = py.detach(|| {
            let places = found.iter().map(|(database, ids)| database.layer(ids));
            let layers: Vec<Layer> = places.chain(ranges).collect();
            atlas::Overlay::new(&layers)
        });
        overlay.map(Self).map_err(PyValueError::new_err)
    }

    #[getter]
    fn combinations<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let ids: Vec<u32> = self.0.combinations().flatten().copied().collect();
        packed(py, &ids, |one| one.to_le_bytes())
    }

    fn ranges<'py>(
        &self,
        py: Python<'py>,
        classes: &Bound<'py, PyBytes>,
    ) -> PyResult<PackedLayer<'py>> {
        let classes = unpacked(classes, u32::from_le_bytes)?;
        let (ipv4, ipv6) = py.detach(|| self.0.ranges(&classes)).map_err(PyValueError::new_err)?;
        Ok((
            packed(py, &ipv4.starts, |one| one.to_le_bytes()),
            packed(py, &ipv4.numbers, |one| one.to_le_bytes()),
            packed(py, &ipv6.starts, |one| one.to_le_bytes()),
            packed(py, &ipv6.numbers, |one| one.to_le_bytes()),
        ))
    }
}

fn packed<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    values: &[T],
    write: impl Fn(T) -> [u8; N],
) -> Bound<'py, PyBytes> {
    let octets = values.iter().map(|&value| write(value)).collect::<Vec<_>>();
    PyBytes::new(py, octets.as_flattened())
}

fn unpacked<T, const N: usize>(
    octets: &Bound<'_, PyBytes>,
    read: impl Fn([u8; N]) -> T,
) -> PyResult<Vec<T>> {
    let (values, rest) = octets.as_bytes().as_chunks::<N>();
    if !rest.is_empty() {
        return Err(PyValueError::new_err(format!("these are not whole numbers of {N} octets")));
    }
    Ok(values.iter().map(|&value| read(value)).collect())
}
