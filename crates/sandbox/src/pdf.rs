//! The smallest PDF that prints: text lines on 10 × 15 cm pages.

/// Page size in points: 10 × 15 cm.
const PAGE: (u32, u32) = (283, 425);
/// Points between two lines.
const LEADING: u32 = 20;

/// A PDF 1.4 document with one page for each list of lines.
#[must_use]
pub fn document(pages: &[Vec<String>]) -> Vec<u8> {
    // Objects 1 to 3 are catalogue, page tree and font; then a page and its content each.
    let kids = (0..pages.len()).map(|index| format!("{} 0 R ", 4 + index * 2)).collect::<Vec<_>>().concat();
    let mut objects: Vec<Vec<u8>> = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [ {kids}] /Count {} >>", pages.len()).into_bytes(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
    ];
    for (index, lines) in pages.iter().enumerate() {
        let (width, height) = PAGE;
        objects.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
                5 + index * 2
            )
            .into_bytes(),
        );
        objects.push(content(lines));
    }
    assemble(&objects)
}

fn content(lines: &[String]) -> Vec<u8> {
    let mut stream = format!("BT /F1 11 Tf {LEADING} TL 20 {} Td\n", PAGE.1 - 40).into_bytes();
    for line in lines {
        stream.push(b'(');
        stream.extend(line.chars().flat_map(latin1));
        stream.extend(b") Tj T*\n");
    }
    stream.extend(b"ET");
    let mut object = format!("<< /Length {} >>\nstream\n", stream.len()).into_bytes();
    object.extend(stream);
    object.extend(b"\nendstream");
    object
}

/// A letter in the font's encoding, escaped for a PDF string.
fn latin1(letter: char) -> Vec<u8> {
    match letter {
        '(' | ')' | '\\' => format!("\\{letter}").into_bytes(),
        letter => vec![u8::try_from(u32::from(letter)).unwrap_or(b'?')],
    }
}

fn assemble(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend(format!("{} 0 obj\n", index + 1).into_bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let table_at = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).into_bytes());
    for offset in offsets {
        file.extend(format!("{offset:010} 00000 n \n").into_bytes());
    }
    let size = objects.len() + 1;
    file.extend(
        format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table_at}\n%%EOF\n").into_bytes(),
    );
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_table_points_at_its_object() {
        let file = document(&[vec!["São (Paulo)".to_owned()], vec!["dois".to_owned()]]);
        let holds = |part: &[u8]| file.windows(part.len()).position(|window| window == part);
        let table = String::from_utf8(file[holds(b"\nxref\n").unwrap()..].to_vec()).unwrap();
        let offsets: Vec<usize> = table
            .lines()
            .filter(|line| line.ends_with(" n "))
            .map(|line| line[..10].parse().unwrap())
            .collect();
        assert_eq!(offsets.len(), 7);
        for (index, offset) in offsets.into_iter().enumerate() {
            assert!(file[offset..].starts_with(format!("{} 0 obj", index + 1).as_bytes()));
        }
        assert!(holds(b"(S\xe3o \\(Paulo\\)) Tj").is_some());
        assert!(holds(b"/Count 2").is_some());
    }
}
