//! Address records in whole words: a write of a length that is known is one instruction or two.

use super::{Full, POINTER, Reply};
use crate::wire::{IN, rtype};

impl Reply<'_> {
    /// Write an A record whose owner stands at a place, in one block.
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    #[inline]
    pub fn put_ipv4(&mut self, owner: u16, ttl: u32, address: [u8; 4]) -> Result<(), Full> {
        let (owner, ttl) = (u64::from(POINTER | owner), u64::from(ttl));
        let (types, length) = (u64::from(rtype::A) << 16 | u64::from(IN), 4 << 32);
        let first = owner << 48 | types << 16 | ttl >> 16;
        let last = (ttl & 0xffff) << 48 | length | u64::from(u32::from_be_bytes(address));
        self.put(&(u128::from(first) << 64 | u128::from(last)).to_be_bytes())
    }

    /// Write an AAAA record whose owner stands at a place, in one block.
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    #[inline]
    pub fn put_ipv6(&mut self, owner: u16, ttl: u32, address: &[u8; 16]) -> Result<(), Full> {
        let (owner, high) = (u64::from(POINTER | owner), u64::from(ttl >> 16));
        let types = u64::from(rtype::AAAA) << 16 | u64::from(IN);
        let end = self.at + 28;
        if end > self.limit {
            return Err(Full);
        }
        let record = self.out.get_mut(self.at..end).and_then(<[u8]>::first_chunk_mut::<28>);
        let (first, behind) = record.ok_or(Full)?.split_first_chunk_mut().ok_or(Full)?;
        let (second, data) = behind.split_first_chunk_mut().ok_or(Full)?;
        *first = (owner << 48 | types << 16 | high).to_be_bytes();
        *second = (ttl << 16 | 16).to_be_bytes();
        data.copy_from_slice(address);
        self.at = end;
        Ok(())
    }
}
