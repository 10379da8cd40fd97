//! QR codes on a terminal, as SVG and as PNG.

use clap::builder::styling::{AnsiColor, Style};
use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};
use qrcode::{
    Color, EcLevel, QrCode,
    render::{svg, unicode::Dense1x2},
};

/// The code of `text` as lines of half blocks, black on white where there is colour, so that it scans on dark
/// terminals too. `None` if the text is too long for a QR code.
pub(crate) fn lines(text: &str) -> Option<Vec<String>> {
    let code = encode(text)?;
    let drawing = code.render::<Dense1x2>().build();
    let paper = Style::new()
        .fg_color(Some(AnsiColor::Black.into()))
        .bg_color(Some(AnsiColor::BrightWhite.into()));
    Some(drawing.lines().map(|line| format!("{paper}{line}{paper:#}")).collect())
}

/// The code of `text` as an SVG document; `None` if the text is too long for a QR code.
pub(crate) fn svg(text: &str) -> Option<String> {
    Some(
        encode(text)?
            .render::<svg::Color<'_>>()
            .min_dimensions(256, 256)
            .build(),
    )
}

/// The code of `text` as a PNG picture, black on white, with modules of `scale` pixels; `None` if the text is too long
/// for a QR code.
pub(crate) fn png(text: &str, scale: u8) -> Option<Vec<u8>> {
    let code = encode(text)?;
    let scale = usize::from(scale);
    let side = (code.width() + 2 * QUIET_ZONE) * scale;
    let shade = |at: usize| {
        let module = |pixel: usize| (pixel / scale).checked_sub(QUIET_ZONE).filter(|at| *at < code.width());
        match module(at % side).zip(module(at / side)) {
            Some(module) if code[module] == Color::Dark => BLACK,
            _ => WHITE,
        }
    };
    let pixels: Vec<u8> = (0..side * side).map(shade).collect();
    let side = u32::try_from(side).expect("at most 185 modules of 255 pixels");
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(&pixels, side, side, ExtendedColorType::L8)
        .expect("the pixels fill the square, and a vector takes any bytes");
    Some(png)
}

/// The white around a code without which readers may miss it, in modules.
const QUIET_ZONE: usize = 4;
const BLACK: u8 = 0;
const WHITE: u8 = u8::MAX;

/// The lowest level of correction makes the smallest code; the seed's device uses it too.
fn encode(text: &str) -> Option<QrCode> {
    QrCode::with_error_correction_level(text, EcLevel::L).ok()
}
