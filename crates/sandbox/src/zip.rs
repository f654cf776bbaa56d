//! The smallest zip: one file, stored without compression.

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

/// A zip file holding `content` under `name`. Content beyond 4 GB is out of question here.
pub(crate) fn stored(name: &str, content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes();
    let name_length = u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes();
    // Version 2.0, flag "name is UTF-8", method stored, time, date, checksum, both sizes.
    let mut common = Vec::new();
    common.extend(20_u16.to_le_bytes());
    common.extend(0x0800_u16.to_le_bytes());
    common.extend(0_u16.to_le_bytes());
    common.extend(0_u16.to_le_bytes());
    common.extend(DOS_DATE.to_le_bytes());
    common.extend(crc32(content).to_le_bytes());
    common.extend(size);
    common.extend(size);
    common.extend(name_length);
    common.extend(0_u16.to_le_bytes());

    let mut file = b"PK\x03\x04".to_vec();
    file.extend(&common);
    file.extend(name.as_bytes());
    file.extend(content);
    let directory_at = u32::try_from(file.len()).unwrap_or(u32::MAX);

    let mut entry = b"PK\x01\x02".to_vec();
    entry.extend(20_u16.to_le_bytes());
    entry.extend(&common);
    // Comment length, disk, internal and external attributes, offset of the file: all zero.
    entry.extend([0_u8; 14]);
    entry.extend(name.as_bytes());
    let directory_size = u32::try_from(entry.len()).unwrap_or(u32::MAX);
    file.extend(entry);

    file.extend(b"PK\x05\x06");
    file.extend([0_u8; 4]);
    file.extend([1, 0, 1, 0]);
    file.extend(directory_size.to_le_bytes());
    file.extend(directory_at.to_le_bytes());
    file.extend([0_u8; 2]);
    file
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
