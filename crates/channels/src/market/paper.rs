//! What platforms give out to be printed: judged by its bytes, as their words for it differ
//! and may be wrong.

use connect::dispatch::{MAX_DOCUMENT_BYTES, Printout};
use connect::{Answer, ChannelError, ErrorKind};
use domain::dispatch::{DocumentKind, Format};

use super::refusal;
use super::zip::{self, ZipFault};

/// Stands where a document was that cannot be read: it may name a buyer.
const UNKEPT: &str = "[not kept: it may name a buyer]";

/// The documents of an answer: itself, or the files of the archive that it is. The ones of
/// `format` are of `kind`; what lies beside them in an archive is what the sender of goods
/// without an invoice declares. An answer that holds none of `format` is
/// [`ErrorKind::Garbled`].
pub(super) fn read(
    answer: &Answer,
    kind: DocumentKind,
    format: Format,
) -> Result<Vec<Printout>, ChannelError> {
    let bytes = answer.body();
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(unkept(answer.fail(too_large())));
    }
    let files = if zip::is_zip(bytes) {
        zip::files(bytes, MAX_DOCUMENT_BYTES).map_err(|fault| match fault {
            ZipFault::TooLarge => unkept(answer.fail(too_large())),
            ZipFault::Broken => unkept(answer.garbled("an archive that is not whole")),
        })?
    } else {
        vec![bytes.to_vec()]
    };
    let kind_of = |bytes: &[u8]| {
        if Format::of(bytes) == Some(format) { kind } else { DocumentKind::ContentDeclaration }
    };
    let printouts: Vec<Printout> =
        files.into_iter().filter_map(|bytes| Printout::read(kind_of(&bytes), bytes)).collect();
    if printouts.iter().any(|it| it.format == format) {
        return Ok(printouts);
    }
    Err(unkept(answer.garbled("a document of another form than was asked for")))
}

fn too_large() -> ErrorKind {
    refusal::dispatch("document_too_large", "the document is larger than the hub takes")
}

fn unkept(mut error: ChannelError) -> ChannelError {
    if let Some(exchange) = &mut error.exchange
        && exchange.status.is_some_and(|status| (200..300).contains(&status))
    {
        UNKEPT.clone_into(&mut exchange.response_body);
    }
    error
}

/// Refuses what is not offered, and more packages than one call takes.
pub(super) fn check(
    operation: &'static str,
    offered: &[(DocumentKind, Format)],
    wanted: (DocumentKind, Format),
    packages: &[String],
    most_packages: usize,
) -> Result<(), ChannelError> {
    let refuse = |code, message: &str| Err(ChannelError::new(refusal::dispatch(code, message), operation));
    if !offered.contains(&wanted) {
        return refuse("document_not_offered", "the platform does not make this document in this form");
    }
    if !(1..=most_packages).contains(&packages.len()) {
        return refuse("too_many_packages", &format!("one call prints for 1 to {most_packages} packages"));
    }
    Ok(())
}

#[cfg(test)]
mod unit {
    use std::sync::Arc;

    use connect::conformance::{Script, Step, now};
    use connect::{BaseUrl, CallSpec};
    use domain::ManualClock;
    use http::Method;

    use super::*;

    const PDF: &[u8] = b"%PDF-1.4 Maria Teste\n%%EOF\n";
    const ZPL: &[u8] = b"^XA^FDMaria Teste^FS^XZ";

    fn answer(bytes: &[u8]) -> Answer {
        let step = Step::get("/label").answer_bytes(200, bytes);
        let outbound = Script::new([step]).outbound(Arc::new(ManualClock::at(connect::conformance::NOW)));
        let base = BaseUrl::parse("https://api.example.com").unwrap();
        now(outbound.call(CallSpec::new("print label", Method::GET, &base, &["label"]))).unwrap()
    }

    fn found(bytes: &[u8], format: Format) -> Result<Vec<(DocumentKind, Format)>, ChannelError> {
        let printouts = read(&answer(bytes), DocumentKind::Label, format)?;
        Ok(printouts.into_iter().map(|it| (it.kind, it.format)).collect())
    }

    #[test]
    fn a_label_is_known_by_its_bytes_alone_or_in_an_archive() {
        let label = |format| vec![(DocumentKind::Label, format)];
        assert_eq!(found(PDF, Format::Pdf).unwrap(), label(Format::Pdf));
        assert_eq!(found(ZPL, Format::Zpl).unwrap(), label(Format::Zpl));
        for deflated in [true, false] {
            let zip = super::zip::unit::archive(&[("Etiqueta de envio.txt", ZPL)], deflated);
            assert_eq!(found(&zip, Format::Zpl).unwrap(), label(Format::Zpl));
            let both = super::zip::unit::archive(&[("a.txt", ZPL), ("b.pdf", PDF)], deflated);
            let declared = (DocumentKind::ContentDeclaration, Format::Pdf);
            assert_eq!(found(&both, Format::Zpl).unwrap(), [(DocumentKind::Label, Format::Zpl), declared]);
        }
    }

    #[test]
    fn what_is_no_document_of_that_form_is_asked_for_again_and_not_kept() {
        let zip = super::zip::unit::archive(&[("a.txt", ZPL)], true);
        for (bytes, format) in [
            (PDF, Format::Zpl),
            (ZPL, Format::Pdf),
            (&zip[..zip.len() - 30], Format::Zpl),
            (b"Maria Teste, Rua Exemplo 10", Format::Pdf),
            (b"", Format::Pdf),
        ] {
            let error = found(bytes, format).unwrap_err();
            assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
            assert!(!format!("{error:?}").contains("Maria"), "{error:?}");
        }
    }

    #[test]
    fn a_document_that_is_too_large_is_refused() {
        let mut large = PDF.to_vec();
        large.resize(MAX_DOCUMENT_BYTES, b' ');
        large.extend_from_slice(PDF);
        let error = found(&large, Format::Pdf).unwrap_err();
        assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "document_too_large"));
    }
}
