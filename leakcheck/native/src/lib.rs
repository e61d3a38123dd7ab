//! The extraction kernels: same results as leakcheck/extract/reference, whatever the bytes.
//!
//! Whole chunks in, packed digests and an account of the lines out, the GIL
//! released in between. Knows no files, prints nothing. A buffer handed in
//! must not be written to by others during the call.

mod address;
mod classes;
mod combos;
mod cuckoo;
mod digest;
mod distinct;
mod domain;
mod emails;
mod encoded;
mod escapes;
mod export;
mod first_look;
mod harden;
#[cfg(target_arch = "x86_64")]
mod hash_lines;
mod hashes;
mod hex;
mod hunt;
mod json_sieve;
mod layers;
mod lines;
mod local;
mod marks;
mod murmur;
mod normal_forms;
mod numbered;
mod password_fields;
mod passwords;
mod punycode;
mod python;
mod ranges;
mod report_rows;
mod seal;
#[cfg(target_arch = "x86_64")]
mod sha_pair;
mod spans;
mod subjects;
mod table_rows;
mod teddy;
mod tld_table;
mod uts46;
mod verity;
mod walk;

use pyo3::prelude::*;

/// Nothing here leans on the interpreter's lock: what is shared has locks of its own.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(python::emails, module)?)?;
    module.add_function(wrap_pyfunction!(python::domains, module)?)?;
    module.add_function(wrap_pyfunction!(python::address_spans, module)?)?;
    module.add_function(wrap_pyfunction!(python::encoded_spans, module)?)?;
    module.add_function(wrap_pyfunction!(python::passwords, module)?)?;
    module.add_function(wrap_pyfunction!(python::password_fields, module)?)?;
    module.add_function(wrap_pyfunction!(python::combo_passwords, module)?)?;
    module.add_function(wrap_pyfunction!(python::credentials, module)?)?;
    module.add_function(wrap_pyfunction!(python::credential_fields, module)?)?;
    module.add_function(wrap_pyfunction!(python::hashes, module)?)?;
    module.add_function(wrap_pyfunction!(python::table_column, module)?)?;
    module.add_function(wrap_pyfunction!(python::tlds, module)?)?;
    module.add_function(wrap_pyfunction!(python::ended_lines, module)?)?;
    module.add_function(wrap_pyfunction!(python::block_digests, module)?)?;
    module.add_function(wrap_pyfunction!(harden::argon2id, module)?)?;
    module.add_function(wrap_pyfunction!(seal::seal_public_key, module)?)?;
    module.add_function(wrap_pyfunction!(seal::seal, module)?)?;
    module.add_function(wrap_pyfunction!(seal::seal_blind, module)?)?;
    module.add_function(wrap_pyfunction!(seal::seal_evaluate, module)?)?;
    module.add_function(wrap_pyfunction!(seal::seal_finalize, module)?)?;
    module.add_function(wrap_pyfunction!(numbered::numbered, module)?)?;
    module.add_function(wrap_pyfunction!(report_rows::clean_rows, module)?)?;
    module.add_function(wrap_pyfunction!(ranges::encode_ranges, module)?)?;
    module.add_function(wrap_pyfunction!(ranges::decode_range, module)?)?;
    module.add_function(wrap_pyfunction!(ranges::range_lines, module)?)?;
    module.add_function(wrap_pyfunction!(ranges::find_in_range, module)?)?;
    module.add_function(wrap_pyfunction!(ranges::counted_hashes, module)?)?;
    module.add_function(wrap_pyfunction!(export::sorted_digests, module)?)?;
    module.add_function(wrap_pyfunction!(export::hex_fnv1, module)?)?;
    module.add_function(wrap_pyfunction!(export::fill_dcso, module)?)?;
    module.add_function(wrap_pyfunction!(export::fill_guava, module)?)?;
    module.add_function(wrap_pyfunction!(cuckoo::cuckoo_insert, module)?)?;
    module.add_function(wrap_pyfunction!(cuckoo::cuckoo_pack, module)?)?;
    module.add_function(wrap_pyfunction!(json_sieve::json_sieve, module)?)?;
    module.add_class::<distinct::Distinct>()?;
    module.add_class::<hunt::Entries>()?;
    module.add_class::<hunt::Sieve>()?;
    module.add_class::<marks::Marks>()?;
    module.add_class::<first_look::FirstLook>()?;
    module.add_class::<spans::Spans>()?;
    module.add_class::<subjects::Plain>()?;
    Ok(())
}
