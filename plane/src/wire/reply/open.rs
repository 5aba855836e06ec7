//! Data whose length is known only once it is written: opened, written, closed.

use super::{Full, Owner, Reply, fixed};
use crate::wire::IN;

/// Where data begins that was opened; two octets before it is its length.
pub(crate) type Start = usize;

impl Reply<'_> {
    /// Begin a record of class IN; give the place of its owner, and where its data begins.
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    #[inline]
    pub fn open_record(
        &mut self,
        owner: Owner<'_>,
        rtype: u16,
        ttl: u32,
    ) -> Result<(Option<u16>, Start), Full> {
        let place = self.put_owner(owner)?;
        self.put(&fixed(rtype, IN, ttl, 0))?;
        Ok((place, self.at))
    }

    /// Begin a service parameter (RFC 9460 section 2.2); give where its value begins.
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    pub fn open_parameter(&mut self, key: u16) -> Result<Start, Full> {
        let [k1, k2] = key.to_be_bytes();
        self.put(&[k1, k2, 0, 0])?;
        Ok(self.at)
    }

    /// Say before data that was opened how long it has become.
    ///
    /// # Errors
    /// [`Full`] if it is longer than a length can say.
    #[inline]
    pub fn close(&mut self, start: Start) -> Result<(), Full> {
        let length = self.at.checked_sub(start).and_then(|length| u16::try_from(length).ok());
        let length = length.ok_or(Full)?.to_be_bytes();
        let before = start.checked_sub(2).ok_or(Full)?;
        self.out.get_mut(before..start).ok_or(Full)?.copy_from_slice(&length);
        Ok(())
    }
}
