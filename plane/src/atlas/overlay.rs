//! Layers of client networks laid over each other: cut where any layer's id changes.

use std::collections::HashMap;

use super::{Database, MOST_LAYERS};

/// Where ranges of addresses begin, and a number for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts<N> {
    /// First addresses, ascending; the first is 0.
    pub starts: Vec<N>,
    /// A number for each.
    pub numbers: Vec<u32>,
}

impl<N> Cuts<N> {
    /// Begin a range, unless it only goes on with what was.
    #[inline]
    fn put(&mut self, start: N, number: u32) {
        if self.numbers.last() != Some(&number) {
            self.starts.push(start);
            self.numbers.push(number);
        }
    }
}

/// A combination of ids, one a layer; what there are fewer of is 0.
type Ids = [u32; MOST_LAYERS];

/// The combinations of ids that occur, and where each does.
#[derive(Debug)]
pub struct Overlay {
    layers: usize,
    combinations: Vec<Ids>,
    ipv4: Cuts<u32>,
    ipv6: Cuts<u64>,
}

/// One layer of each family.
pub type Layer = (Cuts<u32>, Cuts<u64>);

impl Database {
    /// The networks of this database, each with the id of its place; neighbours of one id as one.
    #[must_use]
    pub fn layer(&self, ids: &[u32]) -> Layer {
        let (mut ipv4, mut ipv6) = (Cuts::default(), Cuts::default());
        self.walk_ipv4(ids, |start, id| ipv4.put(start, id));
        self.walk_ipv6(ids, |start, id| ipv6.put(start, id));
        (ipv4, ipv6)
    }
}

impl Overlay {
    /// Lay layers over each other; each must cover all addresses from 0 on.
    ///
    /// # Errors
    /// A phrase, if there are none, or too many, or if one does not begin at address 0.
    pub fn new(layers: &[Layer]) -> Result<Self, String> {
        if layers.is_empty() || layers.len() > MOST_LAYERS {
            return Err(format!("an overlay has 1 to {MOST_LAYERS} layers"));
        }
        let mut known = Known::default();
        let ipv4: Vec<_> = layers.iter().map(|(ipv4, _)| ipv4).collect();
        let ipv6: Vec<_> = layers.iter().map(|(_, ipv6)| ipv6).collect();
        let (ipv4, ipv6) = (lay(&ipv4, &mut known)?, lay(&ipv6, &mut known)?);
        Ok(Self { layers: layers.len(), combinations: known.combinations, ipv4, ipv6 })
    }

    /// The combinations that occur, by first occurrence, IPv4 before IPv6.
    #[must_use]
    pub fn combinations(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        self.combinations.iter().map(|ids| ids.get(..self.layers).unwrap_or_default())
    }

    /// The ranges of classes, of which there must be one for each combination.
    ///
    /// # Errors
    /// A phrase, if there are more or fewer.
    pub fn ranges(&self, classes: &[u32]) -> Result<Layer, String> {
        if classes.len() != self.combinations.len() {
            let (given, wanted) = (classes.len(), self.combinations.len());
            return Err(format!("{given} classes were given for {wanted} combinations"));
        }
        Ok((relabelled(&self.ipv4, classes), relabelled(&self.ipv6, classes)))
    }
}

fn relabelled<N: Copy>(cuts: &Cuts<N>, classes: &[u32]) -> Cuts<N> {
    let mut found = Cuts { starts: Vec::new(), numbers: Vec::new() };
    for (&start, &number) in cuts.starts.iter().zip(&cuts.numbers) {
        found.put(start, classes.get(number as usize).copied().unwrap_or(0));
    }
    found
}

/// Numbers of combinations.
#[derive(Default)]
struct Known {
    numbers: HashMap<Ids, u32>,
    combinations: Vec<Ids>,
}

impl Known {
    fn number(&mut self, ids: &Ids) -> u32 {
        let next = u32::try_from(self.combinations.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(*ids).or_insert_with(|| {
            self.combinations.push(*ids);
            next
        })
    }
}

/// Go through all layers of a family at once, from the lowest address up.
fn lay<N: Copy + Ord + Default>(layers: &[&Cuts<N>], known: &mut Known) -> Result<Cuts<N>, String> {
    let zero = N::default();
    let whole = |cuts: &&Cuts<N>| {
        cuts.starts.first() == Some(&zero)
            && cuts.starts.len() == cuts.numbers.len()
            && cuts.starts.is_sorted_by(|a, b| a < b)
    };
    if !layers.iter().all(whole) {
        return Err("a layer does not cover every address in order".to_owned());
    }
    let mut ids = [0; MOST_LAYERS];
    let mut next = vec![0usize; layers.len()];
    let mut cuts = Cuts { starts: Vec::new(), numbers: Vec::new() };
    let mut at = Some(zero);
    while let Some(start) = at {
        at = None;
        for ((cuts, next), id) in layers.iter().zip(&mut next).zip(&mut ids) {
            if cuts.starts.get(*next) == Some(&start) {
                *id = cuts.numbers.get(*next).copied().unwrap_or(0);
                *next += 1;
            }
            if let Some(&upcoming) = cuts.starts.get(*next) {
                at = Some(at.map_or(upcoming, |at: N| at.min(upcoming)));
            }
        }
        cuts.put(start, known.number(&ids));
    }
    Ok(cuts)
}
