//! What the places of a database have, column by column: whoever classifies them looks at numbers.
//!
//! Every record is read once, whatever is wanted of it: the wanted paths make a tree of keys
//! ([`Wish`]), and what no path leads through is skipped.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::rc::Rc;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess};
use serde::de::{Error, Visitor};

use super::Database;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers, also those that the database has as text, such as `35.68` or `AS15169`.
    Number,
    /// Words.
    Text,
}

/// A column to read: of each place what stands at the first of these paths that its record has.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What the column is called.
    pub name: String,
    /// Paths such as `location.latitude` or `subdivisions.0.iso_code`.
    pub paths: Vec<String>,
    /// What it holds.
    pub kind: Kind,
}

/// A value for every place.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// NaN where there is none.
    Numbers(Vec<f64>),
    /// Places in a list of words; word 0 is empty, and stands where there is none.
    Texts(Vec<u32>, Vec<String>),
}

impl Database {
    /// Read columns, in one pass over the places.
    ///
    /// # Errors
    /// A phrase, if a record cannot be read.
    pub fn columns(&self, wanted: &[Wanted]) -> Result<Vec<Column>, String> {
        let mut filling: Vec<Filling> = wanted.iter().map(|one| Filling::new(one.kind)).collect();
        let wish = Rc::new(Wish::of(wanted));
        ROOT.with(|root| root.replace(Some(wish)));
        let read = self.addresses.iter().try_for_each(|&address| {
            let found = self.reader.lookup(address).and_then(|place| place.decode::<Record<'_>>());
            let record = found
                .map_err(|error| format!("its record of {address} cannot be read: {error}"))?
                .unwrap_or_default();
            let mut values = record.0.into_iter().peekable();
            for (number, filling) in filling.iter_mut().enumerate() {
                // The values are sorted: of a column that of its first path comes first.
                let mut first = None;
                while let Some(value) = values.next_if(|value| value.column == number) {
                    first = first.or(Some(value.value));
                }
                filling.add(first);
            }
            Ok(())
        });
        ROOT.with(|root| root.replace(None));
        read.map(|()| filling.into_iter().map(Filling::end).collect())
    }
}

thread_local! {
    /// What is wanted of the record being read: a type that is deserialised takes no argument.
    static ROOT: RefCell<Option<Rc<Wish>>> = const { RefCell::new(None) };
}

/// What is wanted at a place in a record: a value, or something below it.
#[derive(Debug, Default)]
struct Wish {
    /// Which column wants the value here, and which of its paths this is.
    here: Vec<(usize, usize)>,
    below: BTreeMap<String, Wish>,
}

impl Wish {
    fn of(wanted: &[Wanted]) -> Self {
        let mut root = Self::default();
        for (column, one) in wanted.iter().enumerate() {
            for (rank, path) in one.paths.iter().enumerate() {
                let mut at = &mut root;
                for step in path.split('.') {
                    at = at.below.entry(step.to_owned()).or_default();
                }
                at.here.push((column, rank));
            }
        }
        root
    }
}

/// A value found.
struct Found<'de> {
    column: usize,
    rank: usize,
    value: Value<'de>,
}

#[derive(Clone, Copy)]
enum Value<'de> {
    Text(&'de str),
    Number(f64),
}

/// The values of one record that are wanted, by column and path.
#[derive(Default)]
struct Record<'de>(Vec<Found<'de>>);

impl<'de> Deserialize<'de> for Record<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let wish = ROOT.with(|root| root.borrow().clone());
        let wish = wish.ok_or_else(|| D::Error::custom("nothing is wanted"))?;
        let mut found = Vec::new();
        Reading { wish: &wish, found: &mut found }.deserialize(from)?;
        found.sort_by_key(|one| (one.column, one.rank));
        Ok(Self(found))
    }
}

/// Reads one value of a record, and what is below it.
struct Reading<'a, 'de> {
    wish: &'a Wish,
    found: &'a mut Vec<Found<'de>>,
}

impl<'de> Reading<'_, 'de> {
    fn keep(self, value: Value<'de>) {
        let wanted = self.wish.here.iter();
        self.found.extend(wanted.map(|&(column, rank)| Found { column, rank, value }));
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_, 'de> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value of a MaxMind DB file")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<&str>()? {
            match self.wish.below.get(key) {
                Some(wish) => map.next_value_seed(Reading { wish, found: self.found })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for at in 0.. {
            let wish = self.wish.below.iter().find(|(key, _)| key.parse() == Ok(at));
            let more = match wish {
                Some((_, wish)) => {
                    list.next_element_seed(Reading { wish, found: self.found })?.is_some()
                }
                None => list.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        self.keep(Value::Text(text));
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.keep(Value::Number(number));
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "no number of a place needs 53 bits")]
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.visit_f64(number as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "no number of a place needs 53 bits")]
    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.visit_f64(number as f64)
    }

    // What is neither text nor a number is not there.

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        Ok(())
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<(), E> {
        Ok(())
    }
}

/// A column in the making.
enum Filling {
    Numbers(Vec<f64>),
    Texts(Vec<u32>, Vec<String>, HashMap<String, u32>),
}

impl Filling {
    /// Begin with place 0, which has nothing.
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Number => Self::Numbers(vec![f64::NAN]),
            Kind::Text => {
                let none = HashMap::from([(String::new(), 0)]);
                Self::Texts(vec![0], vec![String::new()], none)
            }
        }
    }

    fn add(&mut self, value: Option<Value<'_>>) {
        match self {
            Self::Numbers(numbers) => numbers.push(match value {
                Some(Value::Number(number)) => number,
                Some(Value::Text(text)) => {
                    text.strip_prefix("AS").unwrap_or(text).parse().unwrap_or(f64::NAN)
                }
                None => f64::NAN,
            }),
            Self::Texts(places, words, known) => {
                let number;
                let word = match value {
                    Some(Value::Text(text)) => text,
                    Some(Value::Number(value)) => {
                        number = value.to_string();
                        &number
                    }
                    None => "",
                };
                let place = known.get(word).copied().unwrap_or_else(|| {
                    let next = u32::try_from(words.len()).unwrap_or(0);
                    words.push(word.to_owned());
                    known.insert(word.to_owned(), next);
                    next
                });
                places.push(place);
            }
        }
    }

    fn end(self) -> Column {
        match self {
            Self::Numbers(numbers) => Column::Numbers(numbers),
            Self::Texts(places, words, _) => Column::Texts(places, words),
        }
    }
}
