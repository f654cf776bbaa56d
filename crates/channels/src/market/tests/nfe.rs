//! An invoice and labels that name a buyer.

use domain::invoice::Nfe;

use crate::market::zip;

/// Who stands in them.
pub(in crate::market) const BUYER: &str = "Maria Teste";
/// The example of the taxpayer's manual.
pub(in crate::market) const KEY: &str = "52060433009911002506550120000007800267301615";

/// The text of the invoice.
pub(in crate::market) fn xml() -> String {
    format!(
        "<nfeProc><NFe><infNFe Id=\"NFe{KEY}\"><dest><xNome>{BUYER}</xNome></dest></infNFe></NFe></nfeProc>"
    )
}

pub(in crate::market) fn nfe() -> Nfe {
    Nfe::read(xml().into_bytes()).expect("an invoice")
}

/// A label as pages.
pub(in crate::market) fn pdf() -> Vec<u8> {
    format!("%PDF-1.4\n({BUYER}) Tj\n%%EOF\n").into_bytes()
}

/// A label for label printers.
pub(in crate::market) fn zpl() -> Vec<u8> {
    format!("^XA\n^FD{BUYER}^FS\n^XZ\n").into_bytes()
}

/// Such a label in an archive, and files beside it.
pub(in crate::market) fn archive(beside: &[(&str, &[u8])]) -> Vec<u8> {
    let label = zpl();
    let files: Vec<(&str, &[u8])> =
        [("Etiqueta de envio.txt", label.as_slice())].into_iter().chain(beside.iter().copied()).collect();
    zip::unit::archive(&files, true)
}
