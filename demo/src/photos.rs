//! Drawn pictures in place of photographs: a pictogram for each works field, before and after, that says what it is.

use std::{collections::BTreeMap, io::Write as _};

use domain::{basics::FileHash, problems::Field};
use flate2::{Compression, Crc, write::ZlibEncoder};
use store::{NewFile, Store, StoreError};

use crate::words::WORDS;

const WIDTH: usize = 320;
const HEIGHT: usize = 240;

/// Numbers of the colours below.
const PAPER: u8 = 0;
const INK: u8 = 1;
const PALE: u8 = 2;
const STRONG: u8 = 3;
const SIGN: u8 = 4;

/// The stored pictures.
#[derive(Debug)]
pub struct Photos {
    before: BTreeMap<Field, FileHash>,
    after: BTreeMap<Field, FileHash>,
}

impl Photos {
    /// Draws and stores them.
    pub fn store(store: &Store, now_ms: i64) -> Result<Photos, StoreError> {
        let all = |after: bool| -> Result<BTreeMap<Field, FileHash>, StoreError> {
            Field::ALL
                .iter()
                .map(|field| {
                    let file = NewFile { content: &draw(*field, after), media_type: "image/png", taken_ms: None, position: None };
                    Ok((*field, store.files().put(&file, now_ms)?.hash))
                })
                .collect()
        };
        Ok(Photos { before: all(false)?, after: all(true)? })
    }

    /// What was wrong.
    pub fn before(&self, field: Field) -> FileHash {
        self.before[&field].clone()
    }

    /// What was done.
    pub fn after(&self, field: Field) -> FileHash {
        self.after[&field].clone()
    }
}

/// Rows of palette numbers.
struct Canvas(Vec<u8>);

impl Canvas {
    fn set(&mut self, x: i32, y: i32, colour: u8) {
        if (0..WIDTH as i32).contains(&x) && (0..HEIGHT as i32).contains(&y) {
            self.0[y as usize * WIDTH + x as usize] = colour;
        }
    }

    fn rect(&mut self, x: i32, y: i32, width: i32, height: i32, colour: u8) {
        for row in y..y + height {
            for column in x..x + width {
                self.set(column, row, colour);
            }
        }
    }

    fn disc(&mut self, x: i32, y: i32, radius: i32, colour: u8) {
        for dy in -radius..=radius {
            for dx in -radius..=radius {
                if dx * dx + dy * dy <= radius * radius {
                    self.set(x + dx, y + dy, colour);
                }
            }
        }
    }

    fn line(&mut self, from: (i32, i32), to: (i32, i32), thick: i32, colour: u8) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).max(1);
        for n in 0..=steps {
            self.disc(from.0 + (to.0 - from.0) * n / steps, from.1 + (to.1 - from.1) * n / steps, thick, colour);
        }
    }

    /// The top at (x, y), the base `height` below and twice `half` wide.
    fn triangle(&mut self, x: i32, y: i32, half: i32, height: i32, colour: u8) {
        for row in 0..height {
            let reach = half * row / height;
            self.rect(x - reach, y + row, 2 * reach + 1, 1, colour);
        }
    }
}

fn draw(field: Field, after: bool) -> Vec<u8> {
    let mut c = Canvas(vec![PAPER; WIDTH * HEIGHT]);
    c.rect(0, 150, WIDTH as i32, 42, PALE);
    match field {
        Field::Waste => {
            c.rect(130, 80, 60, 80, STRONG);
            c.rect(122, 70, 76, 10, INK);
            [146, 160, 174].into_iter().for_each(|x| c.rect(x, 90, 4, 60, PAPER));
        }
        Field::Sewage => {
            c.disc(160, 120, 50, INK);
            c.disc(160, 120, 42, STRONG);
            [100, 120, 140].into_iter().for_each(|y| c.rect(126, y - 3, 68, 6, PAPER));
        }
        Field::Toilet => {
            c.rect(115, 60, 90, 100, STRONG);
            c.rect(158, 60, 4, 100, PAPER);
            c.disc(136, 85, 9, PAPER);
            c.rect(130, 96, 13, 40, PAPER);
            c.disc(184, 85, 9, PAPER);
            c.triangle(184, 92, 16, 44, PAPER);
        }
        Field::Water => {
            c.triangle(160, 40, 36, 70, STRONG);
            c.disc(160, 118, 38, STRONG);
            c.disc(148, 120, 8, PAPER);
        }
        Field::Road => {
            (0..110).for_each(|row| c.rect(150 - row / 2, 50 + row, 20 + row, 1, STRONG));
            [62, 92, 126].into_iter().for_each(|y| c.rect(157, y, 6, 16, PAPER));
        }
        Field::Greening => {
            c.rect(153, 110, 14, 52, INK);
            [(130, 95), (190, 95), (160, 70), (160, 100)].into_iter().for_each(|(x, y)| c.disc(x, y, 30, STRONG));
        }
        Field::Lighting => {
            c.rect(130, 60, 6, 102, INK);
            c.line((133, 60), (185, 55), 3, INK);
            c.disc(190, 62, 14, STRONG);
            c.triangle(190, 80, 40, 70, STRONG);
        }
        Field::Housing => {
            c.triangle(160, 50, 66, 44, INK);
            c.rect(108, 94, 104, 66, STRONG);
            c.rect(148, 118, 24, 42, PAPER);
        }
        Field::Appearance => {
            [(70, 70), (130, 50), (190, 64)].into_iter().for_each(|(x, h)| c.rect(x, 160 - h, 50, h, STRONG));
            [(95, 70), (155, 90), (215, 76)].into_iter().for_each(|(x, y)| c.triangle(x, y, 32, 22, INK));
        }
        Field::Service => {
            c.rect(110, 70, 100, 90, STRONG);
            c.rect(152, 86, 16, 58, PAPER);
            c.rect(131, 107, 58, 16, PAPER);
        }
        Field::Culture => {
            c.triangle(160, 50, 80, 30, INK);
            [100, 130, 180, 210].into_iter().for_each(|x| c.rect(x, 84, 10, 70, STRONG));
            c.rect(90, 152, 140, 8, INK);
        }
        Field::Industry => {
            c.rect(152, 90, 8, 70, INK);
            [(136, 92), (176, 92), (136, 116), (176, 116), (156, 70)].into_iter().for_each(|(x, y)| c.disc(x, y, 13, STRONG));
        }
    }
    if after {
        c.line((252, 52), (266, 68), 5, SIGN);
        c.line((266, 68), (294, 30), 5, SIGN);
    } else {
        c.triangle(272, 24, 30, 50, SIGN);
        c.rect(269, 40, 6, 18, PAPER);
        c.rect(269, 62, 6, 6, PAPER);
    }
    for (y, row) in (200..).zip(&WORDS.label.rows) {
        for (x, sign) in (100..).zip(row.chars()) {
            if sign == '#' {
                c.set(x, y, INK);
            }
        }
    }
    png(&c, palette(field, after))
}

fn palette(field: Field, after: bool) -> [[u8; 3]; 5] {
    let strong = match field {
        Field::Waste => [121, 85, 72],
        Field::Sewage => [96, 96, 60],
        Field::Toilet => [94, 110, 150],
        Field::Water => [38, 120, 180],
        Field::Road => [98, 98, 104],
        Field::Greening => [62, 130, 70],
        Field::Lighting => [222, 168, 40],
        Field::Housing => [178, 94, 66],
        Field::Appearance => [150, 120, 90],
        Field::Service => [40, 130, 130],
        Field::Culture => [150, 60, 50],
        Field::Industry => [140, 80, 150],
    };
    let sign = if after { [40, 140, 70] } else { [200, 60, 40] };
    [[250, 249, 244], [40, 40, 44], [226, 226, 214], strong, sign]
}

/// An indexed PNG, four bits a pixel (W3C PNG, third edition).
fn png(canvas: &Canvas, palette: [[u8; 3]; 5]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8; 4], data: &[u8]| {
        out.extend((data.len() as u32).to_be_bytes());
        let mut crc = Crc::new();
        crc.update(name);
        crc.update(data);
        out.extend(name);
        out.extend(data);
        out.extend(crc.sum().to_be_bytes());
    };
    let mut header = Vec::new();
    header.extend((WIDTH as u32).to_be_bytes());
    header.extend((HEIGHT as u32).to_be_bytes());
    header.extend([4, 3, 0, 0, 0]);
    chunk(b"IHDR", &header);
    chunk(b"PLTE", palette.as_flattened());
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    for row in canvas.0.chunks(WIDTH) {
        let line: Vec<u8> = std::iter::once(0).chain(row.chunks(2).map(|p| p[0] << 4 | p[1])).collect();
        packed.write_all(&line).expect("writing to memory does not fail");
    }
    chunk(b"IDAT", &packed.finish().expect("writing to memory does not fail"));
    chunk(b"IEND", &[]);
    out
}
