//! Backups in a bucket of S3-compatible storage.
//!
//! An object is put whole or not at all, so nothing is ever left unfinished; several are under way
//! at once, because each waits for an answer from far away. Whoever calls waits on a thread of
//! its own; the calls themselves run on one runtime that belongs to the bucket.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use connect::bucket::{Bucket, BucketError, Put};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use super::depot::{Depot, DepotError, DepotName, Held};

/// Puts that are under way at once.
const PUTS_AT_ONCE: u32 = 8;

/// A bucket as a place for backups.
pub struct InBucket {
    bucket: Arc<Bucket>,
    /// Always there until it is dropped.
    runtime: Option<Runtime>,
    room: Arc<Semaphore>,
    /// What the first put that failed said, until somebody is told.
    failed: Arc<Mutex<Option<DepotError>>>,
}

impl fmt::Debug for InBucket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "InBucket({})", self.bucket.place())
    }
}

impl InBucket {
    /// A depot in the bucket. Nothing is called yet.
    pub fn new(bucket: Bucket) -> std::io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("bucket").enable_all().build()?;
        Ok(Self {
            bucket: Arc::new(bucket),
            runtime: Some(runtime),
            room: Arc::new(Semaphore::new(PUTS_AT_ONCE as usize)),
            failed: Arc::default(),
        })
    }

    /// Does `work` on the bucket's runtime, and waits for its end.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, DepotError>> + Send + 'static,
    ) -> Result<T, DepotError> {
        let (tell, told): (_, Receiver<Result<T, DepotError>>) = sync_channel(1);
        self.runtime.as_ref().ok_or(DepotError::Ended)?.spawn(async move {
            // Nobody waits any more: then nobody is told.
            let _ = tell.send(work.await);
        });
        told.recv().map_err(|_| DepotError::Ended)?
    }

    /// Begins a put once there is room; tells what an earlier one came to.
    fn begin(&self, name: &DepotName, work: Work<Result<Put, BucketError>>) -> Result<(), DepotError> {
        let room = Arc::clone(&self.room);
        let ticket = self.wait(async move { room.acquire_owned().await.map_err(|_| DepotError::Ended) })?;
        if let Some(error) = self.take_failure() {
            return Err(error);
        }
        let (failed, name) = (Arc::clone(&self.failed), name.clone());
        self.runtime.as_ref().ok_or(DepotError::Ended)?.spawn(async move {
            let error = match work.await {
                Ok(Put::Done) => None,
                Ok(Put::Taken) => Some(DepotError::Taken(name)),
                Err(error) => Some(told(error)),
            };
            if let Some(error) = error {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
            drop(ticket);
        });
        Ok(())
    }

    fn take_failure(&self) -> Option<DepotError> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until no put is under way.
    fn drain(&self) -> Result<(), DepotError> {
        let room = Arc::clone(&self.room);
        self.wait(
            async move { room.acquire_many(PUTS_AT_ONCE).await.map(drop).map_err(|_| DepotError::Ended) },
        )
    }
}

/// Something to do on the bucket's runtime.
type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

fn told(error: BucketError) -> DepotError {
    if matches!(error, BucketError::Full { .. }) { DepotError::Full } else { DepotError::Bucket(error) }
}

impl Depot for InBucket {
    fn put(&self, name: &DepotName, bytes: &[u8]) -> Result<(), DepotError> {
        let (bucket, key, bytes) = (Arc::clone(&self.bucket), name.to_string(), bytes.to_vec());
        self.begin(name, Box::pin(async move { bucket.put_new(&key, bytes.into()).await }))
    }

    fn replace(&self, name: &DepotName, bytes: &[u8]) -> Result<(), DepotError> {
        let (bucket, key, bytes) = (Arc::clone(&self.bucket), name.to_string(), bytes.to_vec());
        let put = async move { bucket.put(&key, bytes.into()).await.map(|()| Put::Done) };
        self.begin(name, Box::pin(put))
    }

    fn settle(&self) -> Result<(), DepotError> {
        self.drain()?;
        self.take_failure().map_or(Ok(()), Err)
    }

    fn get(&self, name: &DepotName, limit: usize) -> Result<Vec<u8>, DepotError> {
        let (bucket, key, name) = (Arc::clone(&self.bucket), name.to_string(), name.clone());
        self.wait(async move {
            match bucket.get(&key, limit).await {
                Ok(Some(bytes)) => Ok(bytes.to_vec()),
                Ok(None) => Err(DepotError::Missing(name)),
                Err(BucketError::TooLong { limit, .. }) => Err(DepotError::TooLong { name, limit }),
                Err(error) => Err(told(error)),
            }
        })
    }

    fn held(&self, first: &str) -> Result<Held, DepotError> {
        let (bucket, first) = (Arc::clone(&self.bucket), first.to_owned());
        let found = self.wait(async move { bucket.list(&first).await.map_err(told) })?;
        // What no backup could be called was not put there by one.
        Ok(found.into_iter().filter_map(|(name, size)| Some((DepotName::parse(&name)?, size))).collect())
    }

    fn remove(&self, name: &DepotName) -> Result<(), DepotError> {
        let (bucket, key) = (Arc::clone(&self.bucket), name.to_string());
        self.wait(async move { bucket.remove(&key).await.map_err(told) })
    }

    /// What a run that was given up still had under way is waited for, and its end forgotten.
    fn tidy(&self) -> Result<(), DepotError> {
        self.drain()?;
        self.take_failure();
        Ok(())
    }

    fn place(&self) -> String {
        self.bucket.place().to_string()
    }
}

impl Drop for InBucket {
    /// Whoever drops it may be answering others: nothing is waited for.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
