//! The page "Provisioning in your own firmware" shows what a device says.

use crate::{
    harness::{Log, config, device, provision},
    world::World,
};

const PAGE: &str = include_str!("../../../../docs/how-to/own-firmware.md");

/// What the program on the page puts before each event.
const LEVEL: &str = "INFO - ";

#[tokio::test]
async fn the_page_shows_what_a_device_says_while_it_is_provisioned() {
    let (world, log) = (World::new(), Log::default());
    provision(&mut device(config(1), &world), &log, async |wire| {
        let mut client = wire.establish(1).await;
        client.set_and_apply("myssid", "mypassword").await;
        client.wait_for_result().await;
    })
    .await;
    // The radio's clients come and go; those of the test's wire do not say so.
    let shown = blocks().flat_map(events);
    let shown: Vec<String> = shown.filter(|event| !event.starts_with("BLE transport: ")).collect();
    assert_eq!(shown, *log.lines.borrow());
}

#[tokio::test]
async fn the_page_says_how_often_a_wrong_passphrase_is_tried() {
    let (world, log) = (World::new(), Log::default());
    let mut config = config(1);
    config.provisioning.attempts = landfall_embassy::manager::Config::default().attempts;
    provision(&mut device(config, &world), &log, async |wire| {
        let mut client = wire.establish(1).await;
        client.set_and_apply("myssid", "wrong password").await;
        client.wait_for_result().await;
        client.set_and_apply("myssid", "mypassword").await;
        client.wait_for_result().await;
    })
    .await;
    assert!(PAGE.contains("after five attempts"));
    let counted = "Wi-Fi station authentication failed; attempts left: ";
    assert!(PAGE.contains(&format!("`{counted}4`")));
    for left in 1..=4 {
        assert!(log.has(&format!("{counted}{left}")), "{:?}", log.lines);
    }
    assert_eq!(log.count(counted), 4);
    assert_eq!(log.count("Provisioning failed!"), 1);
}

/// The page's blocks of text.
fn blocks() -> impl Iterator<Item = &'static str> {
    PAGE.split("```text\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
}

/// The events in a block, with the lines that follow in each.
fn events(block: &str) -> impl Iterator<Item = String> {
    let found = block.split_inclusive('\n').collect::<Vec<_>>();
    let starts = found
        .iter()
        .position(|line| line.starts_with(LEVEL))
        .unwrap_or(found.len());
    let log = found[starts..].concat();
    let log: Vec<String> = log
        .trim_end()
        .split(LEVEL)
        .skip(1)
        .map(|event| event.trim_end().to_owned())
        .collect();
    log.into_iter()
}
