//! Bytes → text: unpacking and character sets.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;

use super::{Limits, Reason};

/// How a file was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// GB 18030, which holds GBK and GB 2312: what spreadsheets in China save by default.
    Gb18030,
    /// UTF-16 with a byte order mark.
    Utf16,
}

impl Encoding {
    /// Machine word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Gb18030 => "gb18030",
            Self::Utf16 => "utf-16",
        }
    }
}

/// Unpacks gzip, strips a byte order mark and decodes UTF-8, UTF-16 (only with a mark) or GB 18030.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<(String, Encoding), Reason> {
    let limit_bytes = limits.decompressed_bytes_max;
    let too_large = Reason::TooLarge { limit_bytes };
    let unpacked;
    let plain: &[u8] = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut out = Vec::new();
        let mut reader = MultiGzDecoder::new(bytes).take(limit_bytes.saturating_add(1));
        reader.read_to_end(&mut out).map_err(|_| Reason::DamagedGzip)?;
        unpacked = out;
        &unpacked
    } else {
        bytes
    };
    if plain.len() as u64 > limit_bytes {
        return Err(too_large);
    }
    let utf16 = match plain {
        [0xff, 0xfe, ..] => Some(encoding_rs::UTF_16LE),
        [0xfe, 0xff, ..] => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    if let Some(encoding) = utf16 {
        return match encoding.decode_with_bom_removal(plain) {
            (text, false) => Ok((text.into_owned(), Encoding::Utf16)),
            (_, true) => Err(Reason::NotUtf8NorGb18030),
        };
    }
    let plain = plain.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(plain);
    if let Ok(text) = std::str::from_utf8(plain) {
        return Ok((text.to_owned(), Encoding::Utf8));
    }
    match encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(plain) {
        Some(text) => Ok((text.into_owned(), Encoding::Gb18030)),
        None => Err(Reason::NotUtf8NorGb18030),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn check(bytes: &[u8], expected: Result<(&str, Encoding), Reason>) {
        let limits = Limits { decompressed_bytes_max: 1000, ..Limits::default() };
        assert_eq!(decode(bytes, &limits), expected.map(|(text, encoding)| (text.to_owned(), encoding)));
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn character_sets() {
        check("垟 㙍 𠀀".as_bytes(), Ok(("垟 㙍 𠀀", Encoding::Utf8)));
        check("\u{feff}安吉".as_bytes(), Ok(("安吉", Encoding::Utf8)));
        check(&encoding_rs::GB18030.encode("安吉县 㙍 𠀀").0, Ok(("安吉县 㙍 𠀀", Encoding::Gb18030)));
        check(&[0xff, 0xfe, 0x89, 0x5b], Ok(("安", Encoding::Utf16)));
        check(&[0xfe, 0xff, 0x5b, 0x89], Ok(("安", Encoding::Utf16)));
        check(&[0xff, 0xff, 0x80], Err(Reason::NotUtf8NorGb18030));
    }

    #[test]
    fn gzip_is_unpacked_within_the_limit() {
        check(&gzip("安吉".as_bytes()), Ok(("安吉", Encoding::Utf8)));
        check(&gzip(&[b'a'; 1001]), Err(Reason::TooLarge { limit_bytes: 1000 }));
        check(&[b'a'; 1001], Err(Reason::TooLarge { limit_bytes: 1000 }));
        let whole = gzip("安吉".as_bytes());
        check(&whole[..whole.len() - 9], Err(Reason::DamagedGzip));
    }
}
