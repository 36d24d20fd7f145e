//! Connections below TLS.

use sts_proto::http1::TlsRecords;
use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, Either, NextTimeout, Transport};

/// Puts [`Records`] below the TLS that comes next in a chain of connectors, where a URL wants TLS.
#[derive(Debug)]
pub(super) struct BelowTls;

impl<In: Transport> Connector<In> for BelowTls {
    type Out = Either<In, Records<In>>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| match details.needs_tls() {
            true => Either::B(Records::new(inner)),
            false => Either::A(inner),
        }))
    }
}

/// A connection that follows the records which TLS reads from it, and is not open with a part of one.
#[derive(Debug)]
pub(super) struct Records<T> {
    inner: T,
    records: TlsRecords,
}

impl<T> Records<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, records: TlsRecords::default() }
    }
}

impl<T: Transport> Transport for Records<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let before = self.inner.buffers().input().len();
        let has_come = self.inner.await_input(timeout)?;
        self.records.pass(self.inner.buffers().input().get(before..).unwrap_or_default());
        Ok(has_come)
    }

    fn is_open(&mut self) -> bool {
        !self.records.is_amid_record() && self.inner.is_open()
    }
}
