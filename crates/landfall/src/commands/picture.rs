//! QR codes in a picture that somebody took.
//!
//! A picture comes from anywhere: its size is bounded before it is decoded, and the search for codes in time.

use core::time::Duration;
use std::{io::Cursor, sync::mpsc, thread};

use image::{
    DynamicImage, GrayImage, ImageDecoder as _, ImageFormat, ImageReader, Limits,
    imageops::{self, FilterType},
};
use rqrr::PreparedImage;
use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Problem},
    print::text::printable,
};

/// Whether `bytes` begin like a picture that can be decoded.
pub(super) fn is_picture(bytes: &[u8]) -> bool {
    matches!(image::guess_format(bytes), Ok(ImageFormat::Png | ImageFormat::Jpeg))
}

/// The texts of the codes in a picture, as soon as one of them `is_wanted`; else of all that could be read.
///
/// # Errors
/// [`Problem::QrPicture`], also if the picture shows no code.
pub(super) fn codes(bytes: Zeroizing<Vec<u8>>, is_wanted: fn(&str) -> bool) -> Result<Vec<Zeroizing<String>>, Failure> {
    let (tell, found) = mpsc::channel();
    // A search cannot be stopped, only left behind: it ends with the program.
    thread::spawn(move || tell.send(search(&bytes, is_wanted)));
    found
        .recv_timeout(LONGEST_SEARCH)
        .unwrap_or_else(|_| Err(unreadable("the search for a code in it came to no end")))
}

/// Pictures of phones have up to 50 million pixels; some of 200 million are taken in other modes than for codes.
const MOST_PIXELS: u64 = 64_000_000;
/// What the decoder may use: four bytes a pixel.
const MOST_MEMORY: u64 = 4 * MOST_PIXELS;
/// A large photograph without a code takes 2 s on a small computer.
const LONGEST_SEARCH: Duration = Duration::from_secs(30);

fn search(bytes: &[u8], is_wanted: fn(&str) -> bool) -> Result<Vec<Zeroizing<String>>, Failure> {
    let picture = decode(bytes)?;
    let mut found = Vec::new();
    for size in sizes(&picture) {
        let view = resized(&picture, size);
        for ink in [Ink::Dark, Ink::Light] {
            read(&view, ink, &mut found);
            if found.iter().any(|text| is_wanted(text)) {
                return Ok(found);
            }
        }
    }
    if found.is_empty() {
        return Err(Failure::new(Problem::QrPicture));
    }
    Ok(found)
}

/// The picture in shades of grey, as it looks on white paper.
fn decode(bytes: &[u8]) -> Result<GrayImage, Failure> {
    let broken = |error: &dyn core::fmt::Display| {
        let why = printable(error.to_string().as_bytes());
        unreadable(&format!("it cannot be decoded: {why}"))
    };
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| broken(&error))?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| broken(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS || decoder.total_bytes() > MOST_MEMORY {
        return Err(unreadable(&format!("it is too large ({width} by {height} pixels)"))
            .hint("cut out the code, or make the picture smaller"));
    }
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| broken(&error))?;
    Ok(on_paper(picture))
}

/// Black ink on nothing at all would else be black on black.
fn on_paper(picture: DynamicImage) -> GrayImage {
    if !picture.color().has_alpha() {
        return picture.into_luma8();
    }
    let picture = picture.into_luma_alpha8();
    let (width, height) = picture.dimensions();
    let shade = |x, y| {
        let [luma, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        let shade = (luma * alpha + 255 * (255 - alpha)) / 255;
        image::Luma([u8::try_from(shade).unwrap_or(u8::MAX)])
    };
    GrayImage::from_fn(width, height, shade)
}

/// Longest sides to look at a picture with. Small blurs the noise of a camera away, large shows a code that is only a
/// small part of the picture, and modules of one or two pixels are only found when they are enlarged.
fn sizes(picture: &GrayImage) -> Vec<u32> {
    let longest = picture.width().max(picture.height());
    let mut sizes = vec![longest.min(1600)];
    sizes.extend([800, 400].into_iter().filter(|size| *size < longest));
    if longest > 1600 {
        sizes.push(longest.min(4096));
    }
    if longest <= 1000 {
        sizes.extend([2 * longest, 3 * longest]);
    }
    sizes
}

fn resized(picture: &GrayImage, longest: u32) -> GrayImage {
    let (width, height) = picture.dimensions();
    let now = width.max(height).max(1);
    let side = |side: u32| {
        let scaled = u64::from(side) * u64::from(longest) / u64::from(now);
        u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
    };
    match longest.cmp(&now) {
        core::cmp::Ordering::Equal => picture.clone(),
        core::cmp::Ordering::Less => imageops::thumbnail(picture, side(width), side(height)),
        core::cmp::Ordering::Greater => imageops::resize(picture, side(width), side(height), FilterType::Triangle),
    }
}

/// What a code is drawn with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ink {
    /// Dark on light, as the standard has it.
    Dark,
    /// Light on dark, as terminals draw it.
    Light,
}

/// Adds the texts of the codes in `view` to `found`.
fn read(view: &GrayImage, ink: Ink, found: &mut Vec<Zeroizing<String>>) {
    let (width, height) = (view.width() as usize, view.height() as usize);
    let mut prepared = PreparedImage::prepare_from_greyscale(width + 2 * MARGIN, height + 2 * MARGIN, |x, y| {
        // A code that was cut out tightly has no margin of its own.
        let inside = x.checked_sub(MARGIN).zip(y.checked_sub(MARGIN));
        let at = inside.and_then(|(x, y)| u32::try_from(x).ok().zip(u32::try_from(y).ok()));
        let shade = at.and_then(|(x, y)| view.get_pixel_checked(x, y));
        match (shade, ink) {
            (None, _) => u8::MAX,
            (Some(shade), Ink::Dark) => shade.0[0],
            (Some(shade), Ink::Light) => u8::MAX - shade.0[0],
        }
    });
    for grid in prepared.detect_grids() {
        let mut text = Zeroizing::new(Vec::new());
        if grid.decode_to(&mut *text).is_err() {
            continue;
        }
        let Ok(text) = core::str::from_utf8(&text) else {
            continue;
        };
        if !found.iter().any(|known| known.as_str() == text) {
            found.push(Zeroizing::new(text.to_owned()));
        }
    }
}

/// White around the picture, in pixels.
const MARGIN: usize = 16;

fn unreadable(why: &str) -> Failure {
    Failure::new(Problem::QrPicture)
        .saying("the picture cannot be read")
        .because(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::qr;

    const TEXT: &str = r#"{"ver":"v1","name":"PROV_261FCC","pop":"abcd1234","transport":"softap"}"#;

    #[test]
    fn pictures_that_were_tampered_with_end_in_an_answer() {
        let rounds = std::env::var("LANDFALL_SEEDS").map_or(40, |rounds| rounds.parse().expect("a number"));
        let clean = decode(&qr::png(TEXT, 3).expect("it is short enough")).expect("it is ours");
        for seed in 1..=rounds {
            let mut random = Xorshift(seed);
            let mut damaged = clean.clone();
            for _ in 0..random.below(400) {
                damage(&mut damaged, &mut random);
            }
            let mut found = Vec::new();
            for ink in [Ink::Dark, Ink::Light] {
                read(&damaged, ink, &mut found);
            }
            assert!(found.len() <= 8, "seed {seed}");
        }
    }

    /// Inverts a rectangle: modules, finder patterns, timing, whatever is there.
    fn damage(picture: &mut GrayImage, random: &mut Xorshift) {
        let (width, height) = picture.dimensions();
        let (left, top) = (random.below(width), random.below(height));
        let (right, bottom) = (left + 1 + random.below(9), top + 1 + random.below(9));
        for x in left..right.min(width) {
            for y in top..bottom.min(height) {
                let image::Luma([shade]) = *picture.get_pixel(x, y);
                picture.put_pixel(x, y, image::Luma([!shade]));
            }
        }
    }

    struct Xorshift(u32);

    impl Xorshift {
        fn below(&mut self, limit: u32) -> u32 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 17;
            self.0 ^= self.0 << 5;
            self.0 % limit
        }
    }
}
