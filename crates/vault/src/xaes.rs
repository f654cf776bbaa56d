//! XAES-256-GCM (<https://c2sp.org/XAES-256-GCM>): AES-256-GCM with a 192-bit nonce, so
//! that random nonces stay safe for 2^80 messages under one key. The first half of the
//! nonce derives a fresh AES-256-GCM key by AES-CMAC; the second half is its nonce.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cmac;
use aws_lc_rs::error::Unspecified;
use domain::Entropy;
use zeroize::Zeroizing;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;
/// Bytes of a nonce.
pub(crate) const NONCE_BYTES: usize = 24;
/// Bytes of the authentication tag behind the ciphertext.
pub(crate) const TAG_BYTES: usize = 16;

/// The bytes of a symmetric key; overwritten when dropped.
pub(crate) type KeyBytes = Zeroizing<[u8; KEY_BYTES]>;

/// 256 random bits.
pub(crate) fn random_key(entropy: &dyn Entropy) -> KeyBytes {
    let mut bytes = KeyBytes::default();
    entropy.fill(&mut *bytes);
    bytes
}

/// A random nonce: safe because of its 192 bits.
pub(crate) fn random_nonce(entropy: &dyn Entropy) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    entropy.fill(&mut nonce);
    nonce
}

/// Encrypts `text` in place and appends the tag.
pub(crate) fn encrypt(
    key: &KeyBytes,
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    text: &mut Vec<u8>,
) -> Result<(), Unspecified> {
    let (key, nonce) = derive(key, nonce)?;
    key.seal_in_place_append_tag(nonce, Aad::from(aad), text)
}

/// Decrypts ciphertext and tag; an error when either, the key, the nonce or `aad` differ.
pub(crate) fn decrypt(
    key: &KeyBytes,
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let (key, nonce) = derive(key, nonce)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = key.open_in_place(nonce, Aad::from(aad), &mut buffer)?.len();
    buffer.truncate(length);
    Ok(buffer)
}

fn derive(key: &KeyBytes, nonce: &[u8; NONCE_BYTES]) -> Result<(LessSafeKey, Nonce), Unspecified> {
    let (context, gcm_nonce) = nonce.split_at(NONCE_BYTES / 2);
    let cmac_key = cmac::Key::new(cmac::AES_256, &**key)?;
    let mut derived = KeyBytes::default();
    for (counter, half) in (1_u8..).zip(derived.chunks_exact_mut(16)) {
        // SP 800-108 counter mode in one AES block: 16-bit counter, label `X`, zero, context.
        let mut message = [0, counter, b'X', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        message[4..].copy_from_slice(context);
        half.copy_from_slice(cmac::sign(&cmac_key, &message)?.as_ref());
    }
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*derived)?);
    Ok((key, Nonce::try_assume_unique_for_key(gcm_nonce)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{from_hex, to_hex};

    fn key(byte: u8) -> KeyBytes {
        Zeroizing::new([byte; KEY_BYTES])
    }

    /// Both single vectors of the specification: the top bit of the CMAC sub-key clear, and set.
    #[test]
    fn the_published_vectors_encrypt_and_decrypt() {
        let nonce = b"ABCDEFGHIJKLMNOPQRSTUVWX";
        let cases: [(u8, &[u8], &str); 2] = [
            (1, b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
            (3, b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
        ];
        for (byte, aad, ciphertext) in cases {
            let mut text = b"XAES-256-GCM".to_vec();
            encrypt(&key(byte), nonce, aad, &mut text).unwrap();
            assert_eq!(to_hex(&text), ciphertext);
            let back = decrypt(&key(byte), nonce, aad, &from_hex(ciphertext).unwrap()).unwrap();
            assert_eq!(*back, b"XAES-256-GCM");
        }
    }

    /// The specification's accumulated test: keys, nonces, texts and additional data come
    /// from one SHAKE-128 stream, and another SHAKE-128 digests all the ciphertexts.
    #[test]
    fn ten_thousand_random_messages_agree_with_the_specification() {
        let mut stream = shake::Shake128::default();
        let mut digest = shake::Shake128::default();
        for _ in 0..10_000 {
            let key: KeyBytes = Zeroizing::new(stream.squeeze_array());
            let nonce: [u8; NONCE_BYTES] = stream.squeeze_array();
            let mut field = || {
                let [length] = stream.squeeze_array();
                let mut bytes = vec![0; usize::from(length)];
                stream.squeeze(&mut bytes);
                bytes
            };
            let plaintext = field();
            let aad = field();
            let mut text = plaintext.clone();
            encrypt(&key, &nonce, &aad, &mut text).unwrap();
            digest.absorb(&text);
            assert_eq!(*decrypt(&key, &nonce, &aad, &text).unwrap(), plaintext);
        }
        assert_eq!(
            to_hex(&digest.squeeze_array::<32>()),
            "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"
        );
    }

    #[test]
    fn a_change_anywhere_is_refused() {
        let nonce = [9; NONCE_BYTES];
        let mut sealed = b"text".to_vec();
        encrypt(&key(1), &nonce, b"aad", &mut sealed).unwrap();
        assert!(decrypt(&key(1), &nonce, b"aad", &sealed).is_ok());
        assert!(decrypt(&key(2), &nonce, b"aad", &sealed).is_err());
        assert!(decrypt(&key(1), &nonce, b"aaD", &sealed).is_err());
        for index in 0..NONCE_BYTES {
            let mut other = nonce;
            other[index] ^= 1;
            assert!(decrypt(&key(1), &other, b"aad", &sealed).is_err(), "nonce byte {index}");
        }
        for index in 0..sealed.len() {
            let mut other = sealed.clone();
            other[index] ^= 1;
            assert!(decrypt(&key(1), &nonce, b"aad", &other).is_err(), "byte {index}");
            assert!(decrypt(&key(1), &nonce, b"aad", &sealed[..index]).is_err(), "{index} bytes");
        }
    }

    /// SHAKE-128 (FIPS 202), here only because the specification's test is written with it.
    mod shake {
        const RATE: usize = 168;
        const ROTATIONS: [u32; 24] =
            [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
        const LANES: [usize; 24] =
            [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];

        #[derive(Default)]
        pub(super) struct Shake128 {
            lanes: [u64; 25],
            at: usize,
            squeezing: bool,
        }

        impl Shake128 {
            fn xor(&mut self, at: usize, byte: u8) {
                self.lanes[at / 8] ^= u64::from(byte) << (8 * (at % 8));
            }

            pub(super) fn absorb(&mut self, bytes: &[u8]) {
                for byte in bytes {
                    self.xor(self.at, *byte);
                    self.at += 1;
                    if self.at == RATE {
                        self.permute();
                        self.at = 0;
                    }
                }
            }

            pub(super) fn squeeze(&mut self, out: &mut [u8]) {
                if !self.squeezing {
                    self.xor(self.at, 0x1f);
                    self.xor(RATE - 1, 0x80);
                    self.at = RATE;
                    self.squeezing = true;
                }
                for byte in out {
                    if self.at == RATE {
                        self.permute();
                        self.at = 0;
                    }
                    *byte = self.lanes[self.at / 8].to_le_bytes()[self.at % 8];
                    self.at += 1;
                }
            }

            pub(super) fn squeeze_array<const N: usize>(&mut self) -> [u8; N] {
                let mut out = [0; N];
                self.squeeze(&mut out);
                out
            }

            fn permute(&mut self) {
                let lanes = &mut self.lanes;
                let mut register: u8 = 1;
                for _ in 0..24 {
                    let columns: [u64; 5] =
                        std::array::from_fn(|x| (0..5).fold(0, |sum, y| sum ^ lanes[x + 5 * y]));
                    for (index, lane) in lanes.iter_mut().enumerate() {
                        *lane ^= columns[(index + 4) % 5] ^ columns[(index + 1) % 5].rotate_left(1);
                    }
                    let mut moved = lanes[1];
                    for (lane, rotation) in LANES.into_iter().zip(ROTATIONS) {
                        moved = std::mem::replace(&mut lanes[lane], moved.rotate_left(rotation));
                    }
                    for row in lanes.as_chunks_mut::<5>().0 {
                        let old = *row;
                        for x in 0..5 {
                            row[x] = old[x] ^ (!old[(x + 1) % 5] & old[(x + 2) % 5]);
                        }
                    }
                    // Round constants come from an 8-bit shift register (FIPS 202 §3.2.5).
                    for power in 0..7 {
                        if register & 1 == 1 {
                            lanes[0] ^= 1 << ((1_u32 << power) - 1);
                        }
                        register = (register << 1) ^ if register & 0x80 == 0 { 0 } else { 0x71 };
                    }
                }
            }
        }

        /// The stream's beginning as the XAES specification prints it.
        #[test]
        fn the_stream_begins_as_published() {
            let start: [u8; 16] = Shake128::default().squeeze_array();
            assert_eq!(super::to_hex(&start), "7f9c2ba4e88f827d616045507605853e");
        }
    }
}
