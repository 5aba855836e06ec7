//! A reply read as strictly as a reply of ours can be: what is odd is an error, even where the RFCs
//! would let it pass.
//!
//! Shares no code with the plane. A name may point only to the beginning of a label that stands
//! before it; data ends where its length says; a message ends with its last record.

/// A message that has nothing odd.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Its identifier.
    pub id: u16,
    /// The flags, rcode left out.
    pub flags: u16,
    /// The rcode, with the upper bits of the OPT record.
    pub rcode: u16,
    /// The octets of the question, if there is one.
    pub question: Option<Vec<u8>>,
    /// The answer section.
    pub answer: Vec<Record>,
    /// The authority section.
    pub authority: Vec<Record>,
    /// The additional section without its OPT record.
    pub additional: Vec<Record>,
    /// The OPT record.
    pub opt: Option<Opt>,
}

/// A record; names are in lower case and uncompressed, in its data too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its owner.
    pub owner: Vec<u8>,
    /// Its type.
    pub rtype: u16,
    /// Its class.
    pub class: u16,
    /// Its TTL.
    pub ttl: u32,
    /// Its data.
    pub data: Vec<u8>,
}

/// An OPT record.
#[derive(Debug, PartialEq, Eq)]
pub struct Opt {
    /// The payload size.
    pub payload: u16,
    /// The version.
    pub version: u8,
    /// The flags.
    pub flags: u16,
    /// The options: code and data.
    pub options: Vec<(u16, Vec<u8>)>,
}

impl Opt {
    /// The data of an option that stands once at most.
    ///
    /// # Panics
    /// If it stands twice.
    #[must_use]
    pub fn option(&self, code: u16) -> Option<&[u8]> {
        let mut all = self.options.iter().filter(|(known, _)| *known == code);
        let first = all.next();
        assert!(all.next().is_none(), "option {code} stands twice");
        first.map(|(_, data)| data.as_slice())
    }
}

const QR: u16 = 0x8000;

struct Reader<'m> {
    message: &'m [u8],
    at: usize,
    /// Where labels begin that were read so far.
    labels: Vec<usize>,
}

/// Read a reply.
///
/// # Errors
/// A sentence on what is odd.
pub fn read(message: &[u8]) -> Result<Message, String> {
    let mut reader = Reader { message, at: 0, labels: Vec::new() };
    let mut header = [0; 6];
    for word in &mut header {
        *word = reader.word()?;
    }
    let [id, flags, questions, answers, authorities, additionals] = header;
    if flags & QR == 0 {
        return Err("QR is clear".to_owned());
    }
    let question = match questions {
        0 => None,
        1 => {
            let before = reader.at;
            reader.name()?;
            reader.take(4)?;
            Some(message[before..reader.at].to_vec())
        }
        more => return Err(format!("{more} questions")),
    };
    let (answer, none) = reader.section(answers)?;
    let (authority, neither) = reader.section(authorities)?;
    let (additional, opt) = reader.section(additionals)?;
    if none.is_some() || neither.is_some() {
        return Err("an OPT record outside the additional section".to_owned());
    }
    if reader.at != message.len() {
        return Err(format!("{} octets after the last record", message.len() - reader.at));
    }
    let (upper, opt) = opt.map_or((0, None), |(upper, opt)| (upper, Some(opt)));
    let (rcode, flags) = (upper << 4 | flags & 0x0f, flags & !0x0f);
    Ok(Message { id, flags, rcode, question, answer, authority, additional, opt })
}

type Section = (Vec<Record>, Option<(u16, Opt)>);

impl<'m> Reader<'m> {
    fn take(&mut self, octets: usize) -> Result<&'m [u8], String> {
        let end = self.at + octets;
        let taken = self.message.get(self.at..end);
        let taken = taken.ok_or(format!("it ends before {octets} octets at {}", self.at))?;
        self.at = end;
        Ok(taken)
    }

    fn word(&mut self) -> Result<u16, String> {
        let octets = self.take(2)?;
        Ok(u16::from_be_bytes([octets[0], octets[1]]))
    }

    fn section(&mut self, count: u16) -> Result<Section, String> {
        let (mut records, mut opt) = (Vec::new(), None);
        for _ in 0..count {
            let start = self.at;
            let owner = self.name()?;
            let (rtype, class) = (self.word()?, self.word()?);
            let (high, low) = (self.word()?, self.word()?);
            let length = usize::from(self.word()?);
            let end = self.at + length;
            if rtype == 41 {
                let data = self.take(length)?;
                if self.message[start] != 0 || opt.is_some() {
                    return Err("a second OPT record, or one that the root does not own".to_owned());
                }
                let [upper, version] = high.to_be_bytes();
                let options = options(data)?;
                let read = Opt { payload: class, version, flags: low, options };
                opt = Some((u16::from(upper), read));
            } else {
                let data = self.data(rtype, length)?;
                let ttl = u32::from(high) << 16 | u32::from(low);
                records.push(Record { owner, rtype, class, ttl, data });
            }
            if self.at != end {
                return Err(format!("data of type {rtype} that does not fit its length"));
            }
        }
        Ok((records, opt))
    }

    /// Read record data with the names that RFC 1035 lets be compressed, and no others (RFC 3597
    /// section 4).
    fn data(&mut self, rtype: u16, length: usize) -> Result<Vec<u8>, String> {
        let (before, names, after) = match rtype {
            2..=5 | 7..=9 | 12 => (0, 1, 0),
            6 => (0, 2, 20),
            14 => (0, 2, 0),
            15 => (2, 1, 0),
            1 if length != 4 => return Err("an A record not of 4 octets".to_owned()),
            28 if length != 16 => return Err("an AAAA record not of 16 octets".to_owned()),
            _ => return Ok(self.take(length)?.to_vec()),
        };
        let mut data = self.take(before)?.to_vec();
        for _ in 0..names {
            data.extend(self.name()?);
        }
        data.extend(self.take(after)?);
        Ok(data)
    }

    /// Read a name; it comes in lower case.
    fn name(&mut self) -> Result<Vec<u8>, String> {
        let (mut name, mut place, mut after) = (Vec::new(), self.at, None);
        let known = self.labels.len();
        loop {
            let octet = *self.message.get(place).ok_or("a name that does not end")?;
            match octet {
                0 => {
                    // A question for the root is pointed to like any other.
                    if after.is_none() {
                        self.labels.push(place);
                    }
                    break;
                }
                1..=63 => {
                    let label = place..=place + usize::from(octet);
                    let label = self.message.get(label).ok_or("a label that does not end")?;
                    name.extend(label.to_ascii_lowercase());
                    if after.is_none() {
                        self.labels.push(place);
                    }
                    place += label.len();
                }
                0xc0.. => {
                    let low = *self.message.get(place + 1).ok_or("half a pointer")?;
                    let to = usize::from(octet & 0x3f) << 8 | usize::from(low);
                    // What stands at `known` and behind is of this name itself.
                    if !self.labels[..known].contains(&to) {
                        return Err(format!("a pointer at {place} to {to}, where no label begins"));
                    }
                    after = after.or(Some(place + 2));
                    place = to;
                }
                _ => return Err(format!("a label type {octet:x}")),
            }
            if name.len() > 254 {
                return Err("a name of more than 255 octets".to_owned());
            }
        }
        name.push(0);
        self.at = after.unwrap_or(place + 1);
        Ok(name)
    }
}

fn options(mut data: &[u8]) -> Result<Vec<(u16, Vec<u8>)>, String> {
    let mut options = Vec::new();
    while let [c1, c2, l1, l2, rest @ ..] = data {
        let length = usize::from(u16::from_be_bytes([*l1, *l2]));
        let option = rest.get(..length).ok_or("an option that does not end")?;
        options.push((u16::from_be_bytes([*c1, *c2]), option.to_vec()));
        data = &rest[length..];
    }
    if data.is_empty() { Ok(options) } else { Err("octets behind the last option".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[u8] = b"\x12\x34\x84\0\0\x01\0\x01\0\0\0\0\x01a\0\0\x01\0\x01\
        \xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01";

    #[test]
    fn reads_what_is_right() {
        let message = read(GOOD).unwrap();
        assert_eq!((message.id, message.flags, message.rcode), (0x1234, 0x8400, 0));
        let (owner, data) = (b"\x01a\0".to_vec(), vec![192, 0, 2, 1]);
        assert_eq!(message.answer, [Record { owner, rtype: 1, class: 1, ttl: 60, data }]);
    }

    #[test]
    fn refuses_each_oddity() {
        for (at, octet, sentence) in [
            (2, 4, "QR"),
            (5, 2, "questions"),
            (7, 2, "does not end"),
            (7, 0, "after the last"),
            (20, 0x13, "no label"),
            (20, 0x0d, "no label"),
            (30, 3, "4 octets"),
            (22, 41, "root"),
        ] {
            let mut bad = GOOD.to_vec();
            bad[at] = octet;
            let found = read(&bad).unwrap_err();
            assert!(found.contains(sentence), "{found:?} is not {sentence:?}");
        }
        for length in 0..GOOD.len() {
            read(&GOOD[..length]).unwrap_err();
        }
    }
}
