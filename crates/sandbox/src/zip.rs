//! The smallest zip: files stored without compression.

/// The reflected polynomial of CRC-32.
const CRC_POLYNOMIAL: u32 = 0xEDB8_8320;
/// The first moment that zip can name, 1980-01-01: files here have no date of their own.
const DOS_DATE: u16 = 0x0021;

/// The checksum that zip and PNG share.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ CRC_POLYNOMIAL } else { crc >> 1 };
        }
    }
    !crc
}

/// A zip file holding `content` under `name`.
pub(crate) fn stored(name: &str, content: &[u8]) -> Vec<u8> {
    archive(&[(name, content)])
}

/// A zip file of several files. Content beyond 4 GB is out of question here.
pub(crate) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let offset = size_of_bytes(&file);
        let common = common(name, content);
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(*content);

        directory.extend(b"PK\x01\x02");
        directory.extend(20_u16.to_le_bytes());
        directory.extend(common);
        // Comment length, disk, internal and external attributes: all zero.
        directory.extend([0_u8; 10]);
        directory.extend(offset);
        directory.extend(name.as_bytes());
    }
    let (directory_at, directory_size) = (size_of_bytes(&file), size_of_bytes(&directory));
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX).to_le_bytes();
    file.extend(directory);
    file.extend(b"PK\x05\x06");
    file.extend([0_u8; 4]);
    file.extend(count);
    file.extend(count);
    file.extend(directory_size);
    file.extend(directory_at);
    file.extend([0_u8; 2]);
    file
}

fn size_of_bytes(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes()
}

/// What the entry and its place in the directory have in common: version 2.0, flag "name is
/// UTF-8", method stored, time, date, checksum, both sizes, length of the name, no extra.
fn common(name: &str, content: &[u8]) -> Vec<u8> {
    let mut common = Vec::new();
    for field in [20, 0x0800, 0, 0, DOS_DATE] {
        common.extend(u16::to_le_bytes(field));
    }
    common.extend(crc32(content).to_le_bytes());
    common.extend(size_of_bytes(content));
    common.extend(size_of_bytes(content));
    common.extend(u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
    common.extend(0_u16.to_le_bytes());
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn the_end_record_points_at_the_directory_and_the_directory_at_the_file() {
        let file = stored("a.txt", b"hello");
        let end = file.len() - 22;
        assert_eq!(&file[end..end + 4], b"PK\x05\x06");
        let offset =
            usize::try_from(u32::from_le_bytes(file[end + 16..end + 20].try_into().unwrap())).unwrap();
        assert_eq!(&file[offset..offset + 4], b"PK\x01\x02");
        assert_eq!(end - offset, 46 + "a.txt".len());
        assert_eq!(&file[..4], b"PK\x03\x04");
        assert_eq!(&file[30..40], b"a.txthello");
    }
}
