//! Addresses in texts that are encoded as a whole; the rules are in
//! leakcheck/extract/reference/encoded.py.

mod beside;
mod lines;
mod literals;
mod signs;

use crate::address::Found;
use crate::domain;
use crate::escapes;
use crate::layers::Layer;
use crate::local;
pub use beside::{is_beside, may_be_around, may_follow};
use lines::{window, FORTH};
pub use literals::{base64, Literals};
pub use signs::{sign_at, sign_from};

const LAYERS: usize = 3;
/// Bytes behind an at sign for which the same window is good.
const AHEAD: usize = 2048;

/// What is around some at signs, without the layers over it.
#[derive(Default)]
pub struct Encoded {
    layers: Vec<Layer>,
    until: usize,
}

impl Encoded {
    /// The readings of the at sign `data[start..end]` whose canonical form is not `known`.
    /// None: it is no at sign without a layer taken off.
    #[cold]
    pub fn read(
        &mut self,
        data: &[u8],
        (start, end): (usize, usize),
        known: Option<&[&[u8]]>,
    ) -> Vec<Found> {
        if start >= self.until {
            self.decode(data, start, end);
        }
        let (mut names, mut hosts) = (Sides::default(), Sides::default());
        if known.is_some() {
            let as_it_stands = |place| place;
            names.add(
                local::readings(data, start, &data[start..end]),
                as_it_stands,
            );
            hosts.add(domain::readings(data, end), as_it_stands);
        }
        for Layer { text, origins } in &self.layers {
            let at = origins.partition_point(|&origin| origin < start);
            if at >= text.len() || origins[at] != start {
                continue;
            }
            if let Some(stop) = escapes::at_sign_at(text, at) {
                let origin = |place: usize| origins[place];
                names.add(local::readings(text, at, &text[at..stop]), origin);
                hosts.add(domain::readings(text, stop), origin);
            }
        }
        let mut found = Vec::new();
        for (name, start) in &names.0 {
            for (host, end) in &hosts.0 {
                let canonical = [name.as_slice(), b"@", host].concat();
                if !known.is_some_and(|known| known.contains(&&canonical[..])) {
                    found.push(Found {
                        canonical,
                        start: *start,
                        end: *end,
                    });
                }
            }
        }
        found
    }

    fn decode(&mut self, data: &[u8], start: usize, end: usize) {
        let (low, high) = window(data, start, end);
        self.until = if high < end + FORTH {
            high
        } else {
            end + AHEAD
        };
        self.layers.clear();
        let raw = Layer::of(data, low, high);
        while self.layers.len() < LAYERS {
            let Some(next) = self.layers.last().unwrap_or(&raw).peeled() else {
                return;
            };
            self.layers.push(next);
        }
    }
}

/// The readings of one side of an at sign, each once, and where they come from.
#[derive(Default)]
struct Sides(Vec<(Vec<u8>, usize)>);

impl Sides {
    fn add(&mut self, readings: Vec<(Vec<u8>, usize)>, origin: impl Fn(usize) -> usize) {
        for (text, place) in readings {
            if !self.0.iter().any(|(known, _)| *known == text) {
                self.0.push((text, origin(place)));
            }
        }
    }
}
