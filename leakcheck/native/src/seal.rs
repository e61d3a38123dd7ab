//! VOPRF(ristretto255, SHA-512), mode 1 of RFC 9497: the sealed digest, its blinded question,
//! the oracle's answer and the proof that goes with it. Knows no network and keeps nothing.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rand_core::OsRng;
use voprf::{BlindedElement, EvaluationElement, Proof, Ristretto255, VoprfClient, VoprfServer};

type Client = VoprfClient<Ristretto255>;
type Server = VoprfServer<Ristretto255>;
type Bytes<'py> = Bound<'py, PyBytes>;

fn wrong<E: std::fmt::Debug>(_: E) -> PyErr {
    PyValueError::new_err("not what RFC 9497 has there")
}

fn server(key: &[u8]) -> PyResult<Server> {
    Server::new_with_key(key).map_err(wrong)
}

fn public(server: &Server) -> Vec<u8> {
    <Ristretto255 as voprf::Group>::serialize_elem(server.get_public_key()).to_vec()
}

/// The public key, 32 bytes, of a private one, 32 bytes: a scalar, little-endian.
#[pyfunction]
pub fn seal_public_key<'py>(py: Python<'py>, key: &[u8]) -> PyResult<Bytes<'py>> {
    Ok(PyBytes::new(py, &public(&server(key)?)))
}

/// The sealed digests of `inputs`, 64 bytes each, packed, by who has the private key.
#[pyfunction]
pub fn seal<'py>(py: Python<'py>, key: &[u8], inputs: Vec<Bytes<'py>>) -> PyResult<Bytes<'py>> {
    let inputs: Vec<&[u8]> = inputs.iter().map(|one| one.as_bytes()).collect();
    let server = server(key)?;
    let digests = py.detach(|| -> Result<Vec<u8>, voprf::Error> {
        let mut digests = Vec::with_capacity(inputs.len() * 64);
        for input in inputs {
            digests.extend_from_slice(&server.evaluate(input)?);
        }
        Ok(digests)
    });
    Ok(PyBytes::new(py, &digests.map_err(wrong)?))
}

/// For each input the blinded element to send, 32 bytes, and the state to keep, 64 bytes.
#[pyfunction]
pub fn seal_blind<'py>(
    py: Python<'py>,
    inputs: Vec<Bytes<'py>>,
) -> PyResult<Vec<(Bytes<'py>, Bytes<'py>)>> {
    let blind = |input: &Bytes<'py>| {
        let made = Client::blind(input.as_bytes(), &mut OsRng).map_err(wrong)?;
        Ok((
            PyBytes::new(py, &made.message.serialize()),
            PyBytes::new(py, &made.state.serialize()),
        ))
    };
    inputs.iter().map(blind).collect()
}

/// What the oracle answers: the evaluated elements, 32 bytes each, packed, and the proof for all.
#[pyfunction]
pub fn seal_evaluate<'py>(
    py: Python<'py>,
    key: &[u8],
    blinded: Vec<Bytes<'py>>,
) -> PyResult<(Bytes<'py>, Bytes<'py>)> {
    let server = server(key)?;
    let blinded: Vec<BlindedElement<Ristretto255>> = blinded
        .iter()
        .map(|one| BlindedElement::deserialize(one.as_bytes()))
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    let (elements, proof) = py
        .detach(|| {
            let answer = server.batch_blind_evaluate(&mut OsRng, &blinded)?;
            let mut packed = Vec::with_capacity(blinded.len() * 32);
            for element in &answer.messages {
                packed.extend_from_slice(&element.serialize());
            }
            Ok::<_, voprf::Error>((packed, answer.proof.serialize()))
        })
        .map_err(wrong)?;
    Ok((PyBytes::new(py, &elements), PyBytes::new(py, &proof)))
}

/// The sealed digests, packed, from the oracle's answer; ValueError where its proof is wrong.
#[pyfunction]
pub fn seal_finalize<'py>(
    py: Python<'py>,
    public: &[u8],
    inputs: Vec<Bytes<'py>>,
    states: Vec<Bytes<'py>>,
    evaluated: Vec<Bytes<'py>>,
    proof: &[u8],
) -> PyResult<Bytes<'py>> {
    if inputs.len() != states.len() || inputs.len() != evaluated.len() {
        return Err(wrong(()));
    }
    let public = <Ristretto255 as voprf::Group>::deserialize_elem(public).map_err(wrong)?;
    let proof = Proof::<Ristretto255>::deserialize(proof).map_err(wrong)?;
    let clients: Vec<Client> = states
        .iter()
        .map(|one| Client::deserialize(one.as_bytes()))
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    let elements: Vec<EvaluationElement<Ristretto255>> = evaluated
        .iter()
        .map(|one| EvaluationElement::deserialize(one.as_bytes()))
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    let inputs: Vec<&[u8]> = inputs.iter().map(|one| one.as_bytes()).collect();
    let digests = py.detach(|| {
        let mut digests = Vec::with_capacity(inputs.len() * 64);
        for digest in Client::batch_finalize(&inputs, &clients, &elements, &proof, public)? {
            digests.extend_from_slice(&digest?);
        }
        Ok::<_, voprf::Error>(digests)
    });
    Ok(PyBytes::new(py, &digests.map_err(wrong)?))
}
