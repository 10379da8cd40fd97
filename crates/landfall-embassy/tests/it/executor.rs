//! A device as a task of Embassy's own executor, with its client in another thread.

use core::{cell::Cell, time::Duration};
use std::thread;

use embassy_executor::{Executor, raw::TaskStorage};
use landfall_embassy::Ended;
use tokio::{sync::oneshot, time::timeout};

use crate::{
    harness::{Log, config, device, ssid},
    wire::{WireService, wire},
    world::World,
};

#[tokio::test]
async fn a_device_runs_as_a_task_of_embassys_executor() {
    let (service, wire) = wire();
    let (tell, ended) = oneshot::channel();
    thread::spawn(move || execute(service, tell));
    let mut client = wire.establish(2).await;
    client.set_and_apply("myssid", "mypassword").await;
    client.wait_for_result().await;
    let ended = timeout(Duration::from_secs(20), ended).await.expect("in time");
    assert_eq!(ended, Ok(Ended::Provisioned(ssid("myssid"))));
}

/// Runs a device to the end of its provisioning, and tells how it ended. Tasks live for ever, as on a chip.
fn execute(service: WireService, tell: oneshot::Sender<Ended>) {
    let done: &'static Cell<bool> = Box::leak(Box::new(Cell::new(false)));
    let executor = Box::leak(Box::new(Executor::new()));
    let storage = Box::leak(Box::new(TaskStorage::new()));
    let task = async move {
        let (world, log) = (World::new(), Log::default());
        let ended = device(config(2), &world).provision(service, &mut &log).await;
        tell.send(ended.expect("provisioning runs")).expect("the test waits");
        done.set(true);
    };
    let begin = |spawner: embassy_executor::Spawner| spawner.spawn(storage.spawn(|| task).expect("a free place"));
    executor.run_until(begin, || done.get());
}
