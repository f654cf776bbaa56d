//! The Brazilian electronic invoice (NF-e), as far as a marketplace wants it told: its
//! access key, and its XML, which names the buyer and is therefore guarded.

use std::fmt;

use crate::class::Confidential;

/// Largest XML taken, in bytes: "upload_invoice_doc" of Shopee and "invoice/upload" of TikTok
/// Shop take one megabyte.
pub const MAX_XML_BYTES: usize = 1_024 * 1_024;
/// Digits of an access key.
const KEY_DIGITS: usize = 44;
/// Where the model stands in it (Manual de Orientação do Contribuinte, §2.2.6).
const MODEL: std::ops::Range<usize> = 20..22;
/// The model of an NF-e; 65 is a receipt for consumers.
const NFE: &str = "55";

/// The key of an invoice: 44 digits, the last of which follows from the others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKey(String);

impl AccessKey {
    /// Reads a key.
    ///
    /// # Errors
    /// When it is none, or not of an NF-e.
    pub fn parse(text: &str) -> Result<Self, InvoiceFault> {
        let text = text.trim();
        if text.len() != KEY_DIGITS || !text.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(InvoiceFault::KeyIncomplete);
        }
        if !has_check_digit(text) {
            return Err(InvoiceFault::KeyMistyped);
        }
        if text.get(MODEL) != Some(NFE) {
            return Err(InvoiceFault::NoNfe);
        }
        Ok(Self(text.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Modulo 11 with weights 2 to 9 from the right (Manual de Orientação do Contribuinte, §5.4).
fn has_check_digit(key: &str) -> bool {
    let digits: Vec<u32> = key.chars().filter_map(|digit| digit.to_digit(10)).collect();
    let Some((check, body)) = digits.split_last() else { return false };
    let sum: u32 = body.iter().rev().zip((2..=9).cycle()).map(|(digit, weight)| digit * weight).sum();
    let expected = if sum % 11 < 2 { 0 } else { 11 - sum % 11 };
    *check == expected
}

/// Why something is no invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceFault {
    /// Too long.
    #[error("an invoice has at most {MAX_XML_BYTES} bytes")]
    TooLarge,
    /// Something else.
    #[error("this is not the XML of an invoice (NF-e)")]
    NoXml,
    /// No key in it, or half of one.
    #[error("an access key has 44 digits")]
    KeyIncomplete,
    /// A digit of the key is wrong.
    #[error("the access key's last digit does not follow from the others")]
    KeyMistyped,
    /// The invoice and what authorised it have different keys.
    #[error("the XML holds two different access keys")]
    TwoKeys,
    /// Another model.
    #[error("marketplaces take NF-e (model 55) alone")]
    NoNfe,
}

/// An invoice.
#[derive(Debug, Clone)]
pub struct Nfe {
    key: AccessKey,
    bytes: usize,
    xml: Confidential<String>,
}

impl Nfe {
    /// Reads the XML that the tax office authorised, as far as everybody wants it: whether
    /// it is the right one for a package, the platform finds.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(xml: Vec<u8>) -> Result<Self, InvoiceFault> {
        if xml.len() > MAX_XML_BYTES {
            return Err(InvoiceFault::TooLarge);
        }
        let xml = String::from_utf8(xml).map_err(|_| InvoiceFault::NoXml)?;
        if !xml.trim_start_matches('\u{feff}').trim_start().starts_with('<') || !xml.contains("infNFe") {
            return Err(InvoiceFault::NoXml);
        }
        let own = after(&xml, "Id=\"NFe").or_else(|| after(&xml, "Id='NFe")).map(digits);
        let authorised = after(&xml, "chNFe>").map(digits);
        let key = AccessKey::parse(own.or(authorised).ok_or(InvoiceFault::KeyIncomplete)?)?;
        if authorised.is_some_and(|authorised| authorised != key.as_str()) {
            return Err(InvoiceFault::TwoKeys);
        }
        Ok(Self { key, bytes: xml.len(), xml: Confidential::new(xml) })
    }

    /// Its key.
    #[must_use]
    pub const fn key(&self) -> &AccessKey {
        &self.key
    }

    /// Its text.
    #[must_use]
    pub const fn xml(&self) -> &Confidential<String> {
        &self.xml
    }

    /// How long its text is, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark).map(|(_, rest)| rest.trim_start())
}

/// The digits that a text begins with.
fn digits(text: &str) -> &str {
    let end = text.find(|sign: char| !sign.is_ascii_digit());
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the taxpayer's manual.
    const KEY: &str = "52060433009911002506550120000007800267301615";

    fn xml(own: &str, authorised: &str) -> Vec<u8> {
        format!(
            "<?xml version=\"1.0\"?><nfeProc><NFe><infNFe Id=\"NFe{own}\" versao=\"4.00\"><dest><CPF>12345678909</CPF>\
             </dest></infNFe></NFe><protNFe><infProt><chNFe>{authorised}</chNFe></infProt></protNFe></nfeProc>"
        )
        .into_bytes()
    }

    #[test]
    fn the_key_stands_in_the_invoice_and_in_what_authorised_it() {
        assert_eq!(Nfe::read(xml(KEY, KEY)).unwrap().key().as_str(), KEY);
        let alone = format!("<NFe><infNFe Id=\"NFe{KEY}\"></infNFe></NFe>").into_bytes();
        let nfe = Nfe::read(alone.clone()).unwrap();
        assert_eq!((nfe.key().to_string(), nfe.bytes()), (KEY.to_owned(), alone.len()));
    }

    #[test]
    fn what_is_no_invoice_is_refused_with_its_reason() {
        let other = KEY.replace("301615", "301616");
        let cases = [
            (b"%PDF-1.4".to_vec(), InvoiceFault::NoXml),
            (b"<html></html>".to_vec(), InvoiceFault::NoXml),
            (vec![0xff, 0xfe], InvoiceFault::NoXml),
            (b"<infNFe></infNFe>".to_vec(), InvoiceFault::KeyIncomplete),
            (xml("123", KEY), InvoiceFault::KeyIncomplete),
            (xml(&other, &other), InvoiceFault::KeyMistyped),
            (xml(KEY, &other), InvoiceFault::TwoKeys),
            (vec![b'<'; MAX_XML_BYTES + 1], InvoiceFault::TooLarge),
        ];
        for (bytes, fault) in cases {
            assert_eq!(Nfe::read(bytes).unwrap_err(), fault);
        }
    }

    #[test]
    fn a_receipt_for_consumers_is_no_nfe() {
        let body = format!("{}65{}", &KEY[..20], &KEY[22..43]);
        let key = (0..10).map(|digit| format!("{body}{digit}")).find(|key| has_check_digit(key)).unwrap();
        assert_eq!(AccessKey::parse(&key), Err(InvoiceFault::NoNfe));
    }

    #[test]
    fn no_debug_shows_the_buyer() {
        let shown = format!("{:?}", Nfe::read(xml(KEY, KEY)).unwrap());
        assert!(shown.contains(KEY) && !shown.contains("12345678909"), "{shown}");
    }
}
