//! The library that seals, by the vectors of RFC 9497, appendix A.1: ristretto255-SHA512 in mode 0
//! (OPRF), which we do not use, and mode 1 (VOPRF), which we do. Mode 1 is also tested through our
//! own functions, in tests/subject/test_identity.py.

use voprf::{OprfServer, Ristretto255, VoprfServer};

const INPUTS: [&str; 2] = ["00", "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn mode_0() {
    let key = bytes("5ebcea5ee37023ccb9fc2d2019f9d7737be85591ae8652ffa9ef0f4d37063b0e");
    let server = OprfServer::<Ristretto255>::new_with_key(&key).unwrap();
    for (input, output) in INPUTS.iter().zip(["527759c3d9366f277d8c6020418d96bb393ba2afb20ff90df23fb7708264e2f3ab9135e3bd69955851de4b1f9fe8a0973396719b7912ba9ee8aa7d0b5e24bcf6", "f4a74c9c592497375e796aa837e907b1a045d34306a749db9f34221f7e750cb4f2a6413a6bf6fa5e19ba6348eb673934a722a7ede2e7621306d18951e7cf2c73"]) {
        assert_eq!(server.evaluate(&bytes(input)).unwrap().to_vec(), bytes(output));
    }
}

#[test]
fn mode_1() {
    let key = bytes("e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909");
    let server = VoprfServer::<Ristretto255>::new_with_key(&key).unwrap();
    for (input, output) in INPUTS.iter().zip(["b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7da4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c", "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6"]) {
        assert_eq!(server.evaluate(&bytes(input)).unwrap().to_vec(), bytes(output));
    }
}
