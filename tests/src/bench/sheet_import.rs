//! How long a workbook of many SKUs takes from its bytes until the last of them is in the shop, and how much
//! memory the process has at its most while it does.
//!
//! In this process, which holds nothing else: the peak is the kernel's (`VmHWM`), begun anew before each database.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use app::sheet::{SheetAgreed, read};
use channels::market::mercado_livre::{Limits, MercadoLivreConfig};
use connect::BaseUrl;
use domain::Restricted;
use miniz_oxide::deflate::compress_to_vec;
use store::sheets::SheetState;
use vault::{Keyring, OsEntropy};

use super::report::{Bound, Figure, Report};
use super::stage::{self, Ground, Stage};
use super::{Error, Result};

const BENCH: &str = "sheet-import";
/// What is promised for 50,000 SKUs, in seconds and megabytes.
const SECONDS: f64 = 30.0;
const MEGABYTES: f64 = 300.0;
/// The longest an import may take.
const LIMIT: Duration = Duration::from_mins(30);
/// Variants of each product.
const VARIANTS: u32 = 5;
const MEGABYTE: f64 = 1e6;
/// Makes the kernel forget the peak (proc(5), `clear_refs`).
const FORGET_PEAK: &str = "5";

/// Measures on one database, with so many SKUs.
pub fn run(ground: &Ground, skus: u32, report: &mut Report) -> Result<()> {
    let runtime = stage::server_runtime()?;
    let file = workbook(skus)?;
    let bytes = file.len();
    // Where the kernel does not let us, the peak is that of the whole process, which is no less.
    let _ = fs::write("/proc/self/clear_refs", FORGET_PEAK);
    let (read_s, staged_s, applied_s) = runtime.block_on(import(ground, file, skus))?;
    let mut figure = |name: &str, value, unit, bound| {
        report.add(Figure { bench: BENCH, database: ground.name, name: name.to_owned(), value, unit, bound });
    };
    figure("the workbook is read", read_s, "s", None);
    figure("and shown", staged_s, "s", None);
    figure("and applied", applied_s, "s", None);
    figure(
        "from its bytes until all is in",
        read_s + staged_s + applied_s,
        "s",
        Some(Bound::AtMost(SECONDS)),
    );
    figure("most resident memory", peak()?, "MB", Some(Bound::AtMost(MEGABYTES)));
    report.note(format!(
        "sheet-import: {skus} SKUs in products of {VARIANTS} variants, new, with cost, weight and stock; an XLSX of {bytes} bytes"
    ));
    Ok(())
}

async fn import(ground: &Ground, file: Vec<u8>, skus: u32) -> Result<(f64, f64, f64)> {
    let keyring = Keyring::generate(&OsEntropy);
    // No account is connected: nobody answers there, and nobody is called.
    let nowhere = BaseUrl::parse("http://127.0.0.1:9")?;
    let marketplace = MercadoLivreConfig {
        site: "MLB".to_owned(),
        client_id: "1".to_owned(),
        client_secret: Restricted::new("none".to_owned()),
        api_base: nowhere.clone(),
        auth_base: nowhere,
        limits: Limits::default(),
    };
    let stage = Stage::open(&ground.location, keyring, marketplace, "http://127.0.0.1").await?;
    let work = stage.work();
    let begun = Instant::now();
    let table = tokio::task::spawn_blocking(move || read(&file)).await??;
    let read_s = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let (app, organization, member) = (&stage.app, stage.organization, stage.member);
    let id = app.stage_sheet(organization, member, "bench.xlsx", table).await?;
    let staged_s = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    app.apply_sheet(organization, member, id, SheetAgreed::default()).await?;
    stage.until_idle(LIMIT).await?;
    let applied_s = begun.elapsed().as_secs_f64();
    work.iter().for_each(tokio::task::JoinHandle::abort);
    let (held, all) = app
        .organization(organization)
        .read(move |tenant| Ok((tenant.sheet(id)?, tenant.sku_rows("", u32::MAX >> 1)?.len())))
        .await?;
    let is_in = held.is_some_and(|held| held.state == SheetState::Applied) && u32::try_from(all)? == skus;
    if is_in {
        Ok((read_s, staged_s, applied_s))
    } else {
        Err(Error::from(format!("{all} of {skus} SKUs are in")))
    }
}

/// The most memory that this process had, in megabytes.
fn peak() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1_024.0 / MEGABYTE)
}

/// A workbook as spreadsheets write it: texts shared, numbers as numbers.
fn workbook(skus: u32) -> Result<Vec<u8>> {
    const HEADS: [&str; 9] =
        ["Código pai", "Título", "Variação 1", "Opção 1", "SKU", "Custo", "Peso (g)", "Estoque", "Marca"];
    let (mut shared, mut sheet) = (String::from("<sst>"), String::from("<worksheet><sheetData>"));
    let mut texts = 0_u32;
    let mut text = |shared: &mut String, text: &str| -> Result<u32> {
        write!(shared, "<si><t>{text}</t></si>")?;
        texts += 1;
        Ok(texts - 1)
    };
    write!(sheet, "<row r=\"1\">")?;
    for (column, head) in ('A'..).zip(HEADS) {
        let at = text(&mut shared, head)?;
        write!(sheet, "<c r=\"{column}1\" t=\"s\"><v>{at}</v></c>")?;
    }
    write!(sheet, "</row>")?;
    let (axis, brand) = (text(&mut shared, "Cor")?, text(&mut shared, "Casa Verde")?);
    for sku in 0..skus {
        let (row, product, option) = (sku + 2, sku / VARIANTS, sku % VARIANTS);
        let parent = text(&mut shared, &format!("P-{product}"))?;
        let title = text(&mut shared, &format!("Caneca esmaltada modelo {product}"))?;
        let option = text(&mut shared, &format!("Opção {option}"))?;
        let code = text(&mut shared, &format!("SKU-{sku:06}"))?;
        write!(sheet, "<row r=\"{row}\">")?;
        for (column, at) in
            [('A', parent), ('B', title), ('C', axis), ('D', option), ('E', code), ('I', brand)]
        {
            if column == 'I' {
                let cells = [
                    ('F', format!("{}.5", 10 + sku % 90)),
                    ('G', "350".into()),
                    ('H', (sku % 40).to_string()),
                ];
                for (column, number) in cells {
                    write!(sheet, "<c r=\"{column}{row}\"><v>{number}</v></c>")?;
                }
            }
            write!(sheet, "<c r=\"{column}{row}\" t=\"s\"><v>{at}</v></c>")?;
        }
        write!(sheet, "</row>")?;
    }
    shared.push_str("</sst>");
    sheet.push_str("</sheetData></worksheet>");
    let book = r#"<workbook><sheets><sheet name="Produtos" id="r1"/></sheets></workbook>"#;
    let rels = r#"<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;
    zip(&[
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", rels),
        ("xl/sharedStrings.xml", &shared),
        ("xl/worksheets/sheet1.xml", &sheet),
    ])
}

/// A zip of these files (PKWARE's APPNOTE 6.3.10); its checksums are left out, as the house does not read them.
fn zip(files: &[(&str, &str)]) -> Result<Vec<u8>> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let (packed, at) = (compress_to_vec(content.as_bytes(), 6), u32::try_from(bytes.len())?);
        let mut about = vec![0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        about.extend(u32::try_from(packed.len())?.to_le_bytes());
        about.extend(u32::try_from(content.len())?.to_le_bytes());
        about.extend(u16::try_from(name.len())?.to_le_bytes());
        for part in [&b"PK\x03\x04\x14\0"[..], &about, &[0, 0], name.as_bytes(), &packed] {
            bytes.extend_from_slice(part);
        }
        for part in [&b"PK\x01\x02\x14\0\x14\0"[..], &about, &[0; 12], &at.to_le_bytes(), name.as_bytes()] {
            directory.extend_from_slice(part);
        }
    }
    let (begins, length, count) = (u32::try_from(bytes.len())?, u32::try_from(directory.len())?, files.len());
    let count = u16::try_from(count)?.to_le_bytes();
    bytes.extend(directory);
    for part in
        [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &length.to_le_bytes(), &begins.to_le_bytes(), &[0, 0]]
    {
        bytes.extend_from_slice(part);
    }
    Ok(bytes)
}
