//! Keys, sealing, tokens, password hashes and the tamper-evident log: the only room
//! that names a cipher.
//!
//! A key file holds the key-encryption keys ([`Keyring`]); they wrap [`DataKey`]s that
//! the database keeps; those seal single fields ([`seal`], [`open`]) for one [`Place`].
//!
//! ```
//! use domain::{Actor, Confidential, Grant, OrganizationId, Purpose, SubjectId, Timestamp};
//! use vault::{DataKey, OsEntropy, Place, open, seal};
//!
//! # fn main() -> Result<(), vault::SealError> {
//! let (entropy, now) = (OsEntropy, Timestamp::EPOCH);
//! let organization = OrganizationId::new(now, &entropy);
//! let subject = SubjectId::new(now, &entropy);
//! let key = DataKey::generate(now, &entropy);
//!
//! let place = Place::new(organization, "contacts", "name", subject, 1);
//! let sealed = seal(&key, &place, &Confidential::new(String::from("Maria")), &entropy)?;
//!
//! let grant = Grant::issue(Actor::system("example"), Purpose::DispatchOrder, now);
//! assert_eq!(open(&key, &place, &sealed, &grant)?.reveal(&grant), "Maria");
//! # Ok(())
//! # }
//! ```

pub mod audit;
pub mod backup;
pub mod breached;
pub mod checkpoint;
mod data_key;
mod encode;
pub mod entropy;
pub mod errand;
pub mod export;
pub mod hmac;
pub mod id_token;
pub mod keyring;
pub mod merkle;
pub mod ocsf;
pub mod passkey;
pub mod password;
pub mod password_rules;
pub mod recovery;
pub mod seal;
pub mod sigv4;
pub mod token;
pub mod totp;
mod xaes;

pub use audit::AuditEvent;
pub use backup::{BackupKeys, ChunkError, ChunkName};
pub use checkpoint::{Checkpoint, LogSigner, LogVerifier};
pub use entropy::OsEntropy;
pub use export::{verify_export, verify_export_with};
pub use hmac::HmacKey;
pub use keyring::{DataKey, KekId, KeyContext, Keyring, KeyringError, SubKey, WrappedKey};
pub use password::{PasswordHash, Passwords};
pub use seal::{Place, SealError, Sealed, open, seal};
pub use token::{Token, TokenDigest};
