//! Codes: what we draw is read again, by us and by a reader that knows nothing of us, and a code is all a client needs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgba, RgbaImage, imageops};

use crate::{
    failures::assert_problem,
    support::{Device, Finished, LANDFALL, PROVISION, command, landfall, with_input},
};

/// The label of the development device of [`Device::start`].
const LABEL: &str =
    r#"{"ver":"v1","name":"PROV_261FCC","username":"wifiprov","pop":"abcd1234","transport":"softap","network":"wifi"}"#;

const WIFI_LOGIN: &str = "WIFI:S:home;T:WPA;P:correct horse;;";

/// A directory that is gone after the test.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Has `landfall qr` draw `text` with modules of `scale` pixels.
    #[track_caller]
    fn draw(&self, text: &str, scale: u8) -> DynamicImage {
        let path = self.path("drawn.png");
        let drawn = landfall(&["qr", text, "--png", utf8(&path), "--scale", &scale.to_string()]);
        assert_eq!(drawn.code, 0, "{}", drawn.stderr);
        image::open(path).expect("it is a picture")
    }

    /// Asks the device on the label in `picture` for something, which needs the secret.
    #[track_caller]
    fn asks_with(&self, device: &Device, picture: &DynamicImage, format: ImageFormat) -> Finished {
        let path = self.path("label");
        picture.save_with_format(&path, format).expect("it can be written");
        device.client(&["send", "custom-data", "x", "--qr", utf8(&path)])
    }

    /// Tries to provision with `picture` as label; no device is asked.
    fn refused(&self, picture: &[u8]) -> Finished {
        let path = self.path("hostile");
        fs::write(&path, picture).expect("it is written");
        landfall(&["reset", "--host", "127.0.0.1:1", "--qr", utf8(&path)])
    }
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .expect("it can be written");
    bytes.into_inner()
}

#[test]
fn every_picture_we_write_is_read_by_another_reader() {
    let desk = Desk::new();
    let long = "x".repeat(1500);
    for (text, scale) in [(LABEL, 3), (LABEL, 8), (LABEL, 32), ("é家", 8), ("1", 4), (&long, 4)] {
        let picture = desk.draw(text, scale).into_luma8();
        let (side, height) = picture.dimensions();
        assert_eq!((side, side % u32::from(scale)), (height, 0));
        let zone = 4 * u32::from(scale);
        assert!((0..side).all(|at| picture.get_pixel(at, zone - 1) == &Luma([255])));
        assert_eq!(
            picture.get_pixel(zone, zone),
            &Luma([0]),
            "a finder pattern begins here"
        );
        let (width, height) = (side as usize, height as usize);
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            picture.get_pixel(x as u32, y as u32).0[0]
        });
        let grids = prepared.detect_grids();
        let (_, read) = grids.first().expect("one code").decode().expect("a whole code");
        assert_eq!(read, text, "scale {scale}");
    }
}

#[test]
fn the_size_of_modules_is_bounded() {
    for scale in ["0", "33"] {
        assert_eq!(landfall(&["qr", "x", "--scale", scale]).code, 2);
    }
}

#[test]
fn a_device_is_provisioned_with_the_picture_of_its_label() {
    let desk = Desk::new();
    let device = Device::start(&["--once"]);
    let path = desk.path("label.png");
    let drawn = landfall(&[
        "qr",
        "--name",
        "PROV_261FCC",
        "--username",
        "wifiprov",
        "--pop",
        "abcd1234",
        "--png",
        utf8(&path),
    ]);
    assert_eq!(drawn.code, 0, "{}", drawn.stderr);
    let network = ["--ssid", "myssid", "--passphrase", "mypassword"];
    let done = device.client(&[&["provision", "--qr", utf8(&path)], &network[..]].concat());
    insta::assert_snapshot!(done.redacted());
    assert!(!done.stdout.contains("abcd1234") && !done.stderr.contains("abcd1234"));
    assert_eq!(device.wait().0, Some(0));
}

#[test]
fn the_key_of_an_access_point_is_on_its_label_only() {
    let desk = Desk::new();
    let file = desk.path("key.txt");
    fs::write(&file, "a \"good\" key\n").expect("it is written");
    let drawn = |more: &[&str]| landfall(&[&["qr", "--name", "PROV_261FCC"], more].concat());
    let made = drawn(&["--service-key-file", utf8(&file)]);
    let payload = r#"{"ver":"v1","name":"PROV_261FCC","transport":"softap","password":"a \"good\" key"}"#;
    assert!(made.stdout.contains(payload), "{}", made.stdout);
    let made = drawn(&["--transport", "ble", "--service-key", "a good one"]);
    assert!(!made.stdout.contains("password"), "{}", made.stdout);
    assert!(made.stderr.contains("ble takes no service-key"), "{}", made.stderr);
    let too_short = drawn(&["--service-key", "short"]);
    assert_problem(&too_short, "bad-argument", 2);
    assert!(!too_short.stderr.contains("short"), "{}", too_short.stderr);
}

#[test]
fn photographs_of_a_label_are_read() {
    let desk = Desk::new();
    let device = Device::start(&[]);
    let label = desk.draw(LABEL, 8);
    let small = desk.draw(LABEL, 1);
    let side = label.width();
    let photographs = [
        ("as it is", label.clone(), ImageFormat::Png),
        ("JPEG", label.clone(), ImageFormat::Jpeg),
        ("turned by 90 degrees", label.rotate90(), ImageFormat::Jpeg),
        ("turned by 17 degrees", turned(&label, 17.0), ImageFormat::Jpeg),
        ("one pixel a module", small, ImageFormat::Png),
        (
            "shrunk",
            label.resize(side / 3, side / 3, imageops::FilterType::Triangle),
            ImageFormat::Jpeg,
        ),
        ("in a large picture", on_a_table(&label, 3000, 2200), ImageFormat::Jpeg),
        (
            "cut out tightly",
            label.crop_imm(32, 32, side - 64, side - 64),
            ImageFormat::Png,
        ),
        ("white on black", inverted(&label), ImageFormat::Png),
        ("ink on nothing", on_nothing(&label), ImageFormat::Png),
        ("pale", pale(&label), ImageFormat::Jpeg),
        ("blurred", label.blur(2.5), ImageFormat::Jpeg),
        ("mirrored", label.fliph(), ImageFormat::Png),
    ];
    for (name, picture, format) in photographs {
        let picture = match format {
            ImageFormat::Jpeg => picture.into_rgb8().into(),
            _ => picture,
        };
        let answer = desk.asks_with(&device, &picture, format);
        assert_eq!(answer.code, 0, "{name}: {}", answer.stderr);
    }
}

#[test]
fn a_label_comes_from_standard_input_or_a_file_of_text_too() {
    let desk = Desk::new();
    let device = Device::start(&[]);
    let ask = ["send", "custom-data", "x", "--host", &device.host, "--qr"];
    let answer = with_input(command(LANDFALL, &[&ask[..], &["-"]].concat()), LABEL);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let path = desk.path("label.txt");
    fs::write(&path, format!("https://example.com/?data={LABEL}\n")).expect("it is written");
    let answer = landfall(&[&ask[..], &[utf8(&path)]].concat());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

#[test]
fn among_several_codes_the_label_is_taken() {
    let desk = Desk::new();
    let device = Device::start(&[]);
    let both = side_by_side(&desk.draw(WIFI_LOGIN, 6), &desk.draw(LABEL, 6));
    let answer = desk.asks_with(&device, &both, ImageFormat::Png);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

#[test]
fn codes_that_are_no_labels_are_told_by_kind_only() {
    let desk = Desk::new();
    let both = side_by_side(&desk.draw(WIFI_LOGIN, 6), &desk.draw("https://example.com/s3cret", 6));
    let refused = desk.refused(&png(&both));
    assert_problem(&refused, "qr-picture", 2);
    assert!(!refused.stderr.contains("correct horse") && !refused.stderr.contains("s3cret"));
    insta::assert_snapshot!(refused.redacted());
}

#[test]
fn what_is_no_picture_of_a_code_is_refused() {
    let desk = Desk::new();
    let label = png(&desk.draw(LABEL, 4));
    let blank = png(&GrayImage::from_pixel(60, 40, Luma([255])).into());
    let mut all = String::new();
    for (name, bytes) in [
        ("blank", blank.as_slice()),
        ("cut off", &label[..label.len() / 2]),
        ("too large", &claiming(&label, 50_000, 50_000)),
        ("GIF", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
        ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("empty", b""),
        ("words", b"abcd1234"),
    ] {
        let refused = desk.refused(bytes);
        assert!(!refused.stderr.contains("abcd1234"), "{name}");
        all += &format!("##### {name}\n{}", refused.redacted());
    }
    all += &format!(
        "##### missing\n{}",
        landfall(&["reset", "--qr", "nowhere.png"]).redacted()
    );
    insta::assert_snapshot!(all);
}

#[test]
fn a_device_with_less_security_than_its_label_says_is_refused() {
    let label = r#"{"name":"PROV_261FCC","pop":"abcd1234","security":2}"#;
    let device = Device::start(&["--sec-ver", "1", "--pop", "abcd1234"]);
    let refused = device.client(&["reset", "--qr", label]);
    assert_problem(&refused, "label-mismatch", 1);
    insta::assert_snapshot!(refused.redacted());
    let insisted = device.client(&["send", "custom-data", "x", "--qr", label, "--sec-ver", "1"]);
    assert_eq!(insisted.code, 0, "{}", insisted.stderr);
}

#[test]
fn a_device_with_more_security_than_its_label_says_was_updated() {
    let device = Device::start(&[]);
    let label = r#"{"name":"PROV_261FCC","pop":"abcd1234","security":1,"transport":"SoftAP"}"#;
    let done = device.client(&["send", "custom-data", "x", "--qr", label]);
    assert_eq!(done.code, 0, "{}", done.stderr);
}

#[test]
fn a_secret_of_its_own_counts_before_the_label_s() {
    let device = Device::start(&[]);
    let label = LABEL.replace("abcd1234", "wrong");
    let args = [&PROVISION[..], &["--qr", &label]].concat();
    assert_eq!(device.client(&args).code, 0);
}

/// `picture` on a grey table, turned around its middle.
fn turned(picture: &DynamicImage, degrees: f64) -> DynamicImage {
    let picture = picture.to_luma8();
    let side = picture.width() * 3 / 2;
    let middle = f64::from(side) / 2.0;
    let offset = f64::from(picture.width()) / 2.0;
    let (sin, cos) = degrees.to_radians().sin_cos();
    let shade = |x: u32, y: u32| {
        let (x, y) = (f64::from(x) - middle, f64::from(y) - middle);
        let from = (x * cos + y * sin + offset, y * cos - x * sin + offset);
        let inside = from.0 >= 0.0 && from.1 >= 0.0;
        let pixel = inside.then(|| picture.get_pixel_checked(from.0 as u32, from.1 as u32));
        pixel.flatten().copied().unwrap_or(Luma([170]))
    };
    GrayImage::from_fn(side, side, shade).into()
}

fn on_a_table(picture: &DynamicImage, width: u32, height: u32) -> DynamicImage {
    let mut table = GrayImage::from_fn(width, height, |x, y| Luma([120 + ((x * 7 + y * 13) % 40) as u8]));
    imageops::overlay(&mut table, &picture.to_luma8(), 1700, 300);
    table.into()
}

fn inverted(picture: &DynamicImage) -> DynamicImage {
    let mut picture = picture.clone();
    picture.invert();
    picture
}

fn on_nothing(picture: &DynamicImage) -> DynamicImage {
    let picture = picture.to_luma8();
    let ink = |x, y| Rgba([0, 0, 0, 255 - picture.get_pixel(x, y).0[0]]);
    RgbaImage::from_fn(picture.width(), picture.height(), ink).into()
}

/// In the shade of something, darker from left to right.
fn pale(picture: &DynamicImage) -> DynamicImage {
    let picture = picture.to_luma8();
    let shade = |x: u32, y| Luma([picture.get_pixel(x, y).0[0] / 3 + 60 + (60 * x / picture.width()) as u8]);
    GrayImage::from_fn(picture.width(), picture.height(), shade).into()
}

fn side_by_side(left: &DynamicImage, right: &DynamicImage) -> DynamicImage {
    let (width, height) = (left.width() + right.width(), left.height().max(right.height()));
    let mut both = GrayImage::from_pixel(width, height, Luma([255]));
    imageops::overlay(&mut both, &left.to_luma8(), 0, 0);
    imageops::overlay(&mut both, &right.to_luma8(), i64::from(left.width()), 0);
    both.into()
}

/// A PNG file whose header lies about the picture's size.
fn claiming(png: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut lying = png.to_vec();
    lying[16..20].copy_from_slice(&width.to_be_bytes());
    lying[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc32(&lying[12..29]);
    lying[29..33].copy_from_slice(&sum.to_be_bytes());
    lying
}

/// The checksum of PNG's chunks (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    })
}
