//! QR codes, read back as a phone does.

use core::fmt;

use landfall_embassy::{
    manager::{Payload, PayloadSecret, PayloadTransport},
    qr::{self, Background, QrError},
};

/// What a reader finds in a code that stands on `background`.
fn read(drawing: &str, background: Background) -> String {
    const SCALE: usize = 4;
    let lines: Vec<Vec<char>> = drawing.lines().map(|line| line.chars().collect()).collect();
    let (width, height) = (lines[0].len() * SCALE, lines.len() * 2 * SCALE);
    assert!(lines.iter().all(|line| line.len() * SCALE == width));
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        let is_upper = (y / SCALE).is_multiple_of(2);
        let inked = match lines[y / SCALE / 2][x / SCALE] {
            ' ' => false,
            '▀' => is_upper,
            '▄' => !is_upper,
            '█' => true,
            other => panic!("{other:?}"),
        };
        // Ink is light on a dark ground.
        if inked == (background == Background::Dark) {
            255
        } else {
            0
        }
    });
    let grids = image.detect_grids();
    let [grid] = &grids[..] else {
        panic!("{} codes in\n{drawing}", grids.len());
    };
    grid.decode().expect("readable").1
}

fn payload<'a>(pop: &'a str, service_key: &'a str) -> Payload<'a> {
    Payload {
        name: "PROV_EA69FC",
        secret: PayloadSecret::UsernameAndPop {
            username: "wifiprov",
            pop,
        },
        transport: PayloadTransport::SoftAp {
            service_key: Some(service_key),
        },
    }
}

#[test]
fn code_of_a_payload_is_read_back_from_either_ground() {
    let longest = "k".repeat(63);
    for (pop, key) in [
        ("abcd1234", "a \"good\" key"),
        ("é\\", "12345678"),
        (&longest, &longest),
    ] {
        let payload = payload(pop, key);
        for background in [Background::Dark, Background::Light] {
            let mut drawing = String::new();
            qr::write(payload, background, &mut drawing).expect("not too long");
            assert_eq!(read(&drawing, background), payload.to_string());
            assert!(drawing.lines().all(|line| line.chars().count() <= 80));
        }
    }
}

#[test]
fn longest_text_fits_and_a_longer_one_is_refused() {
    let mut drawing = String::new();
    let longest = "x".repeat(425);
    qr::write(&longest, Background::Dark, &mut drawing).expect("it fits");
    assert_eq!(read(&drawing, Background::Dark), longest);
    for len in [426, 596, 597, 598, 5000] {
        let refused = qr::write("x".repeat(len), Background::Dark, &mut String::new());
        assert_eq!(refused, Err(QrError::TooLong), "{len}");
    }
}

#[test]
fn invitation_has_the_code_between_the_lines_of_the_example() {
    let payload = Payload {
        name: "PROV_EA69FC",
        secret: PayloadSecret::Pop("abcd1234"),
        transport: PayloadTransport::Ble,
    };
    let mut text = String::new();
    qr::invite(&payload, Background::Dark, &mut text).expect("a String takes any text");
    let lines: Vec<&str> = text.lines().collect();
    let [first, code @ .., hint, url] = &lines[..] else {
        panic!("{text}");
    };
    assert_eq!(
        *first,
        "Scan this QR code from the provisioning application for Provisioning."
    );
    assert_eq!(read(&code.join("\n"), Background::Dark), payload.to_string());
    assert_eq!(
        *hint,
        "If QR code is not visible, copy paste the below URL in a browser."
    );
    assert_eq!(
        *url,
        r#"https://espressif.github.io/esp-jumpstart/qrcode.html?data={"ver":"v1","name":"PROV_EA69FC","pop":"abcd1234","transport":"ble"}"#
    );
    // A payload too long for a code still has its address.
    let long = "x".repeat(500);
    let mut text = String::new();
    qr::invite(&self::payload(&long, "12345678"), Background::Dark, &mut text).expect("a String takes any text");
    assert_eq!(text.lines().count(), 3);
}

#[test]
fn output_that_takes_no_more_is_told() {
    struct Full;
    impl fmt::Write for Full {
        fn write_str(&mut self, _: &str) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    assert_eq!(qr::write("x", Background::Dark, &mut Full), Err(QrError::Output));
}
