use std::vec;

use super::{link::Fault, *};

fn device() -> BleTransport<FakeLink> {
    BleTransport::new(FakeLink::to(built_in(ServiceUuid::EXAMPLE)))
}

fn with_fault(fault: Fault) -> BleTransport<FakeLink> {
    let mut transport = device();
    transport.link.faults.push(fault);
    transport
}

fn send<L: GattLink>(transport: &mut BleTransport<L>, endpoint: &str) -> Result<String, TransportError> {
    let answer = block_on(transport.send(endpoint, b"request"))?;
    Ok(String::from_utf8(answer).expect("text in, text out"))
}

fn without_names(mut list: Vec<Characteristic>) -> Vec<Characteristic> {
    for characteristic in &mut list {
        characteristic.name = None;
    }
    list
}

#[test]
fn a_request_is_written_and_its_answer_read_from_the_endpoint_of_its_name() {
    let mut transport = device();
    for endpoint in Endpoint::BUILT_IN.map(|endpoint| endpoint.as_str()) {
        assert_eq!(send(&mut transport, endpoint), Ok(format!("{endpoint}:request")));
    }
    assert_eq!(
        transport.link.times("list"),
        1,
        "the device is asked for its endpoints once"
    );
    assert_eq!(
        transport.link.log.len(),
        1 + 2 * 5,
        "a write and a read are all that a request takes"
    );
}

#[test]
fn a_name_counts_more_than_the_uuid() {
    let mut list = built_in(ServiceUuid::EXAMPLE);
    let names: Vec<_> = list.iter().map(|found| found.name.clone()).rev().collect();
    for (characteristic, name) in list.iter_mut().zip(names) {
        characteristic.name = name;
    }
    let handles: Vec<_> = list.iter().map(|found| (found.name.clone(), found.handle)).collect();
    let mut transport = BleTransport::new(FakeLink::to(list));
    for (name, handle) in handles {
        let name = name.expect("all have one");
        assert_eq!(send(&mut transport, &name), Ok(format!("{name}:request")));
        assert_eq!(transport.link.log.last(), Some(&format!("read {handle}")));
    }
}

#[test]
fn names_keep_their_case() {
    let mut list = built_in(ServiceUuid::EXAMPLE);
    list.extend([application(0, "MyData"), application(1, "mydata")]);
    let mut transport = BleTransport::new(FakeLink::to(list));
    assert_eq!(send(&mut transport, "MyData"), Ok("MyData:request".to_string()));
    assert_eq!(send(&mut transport, "mydata"), Ok("mydata:request".to_string()));
    assert_eq!(send(&mut transport, "MYDATA"), Err(TransportError::NoSuchEndpoint));
}

#[test]
fn endpoints_without_names_are_found_by_their_uuids_under_every_service() {
    let own = "12345678-9abc-def0-1234-56789abcdef0".parse().expect("a UUID");
    for service in [
        ServiceUuid::EXAMPLE,
        ServiceUuid::COMPONENT,
        ServiceUuid::EARLY,
        ServiceUuid::new(own),
    ] {
        let list = built_in(service);
        let expected: Vec<_> = list.iter().map(|found| (found.name.clone(), found.handle)).collect();
        let mut transport = BleTransport::new(FakeLink::to(without_names(list)));
        for (name, handle) in expected {
            let name = name.expect("all have one");
            send(&mut transport, &name).expect("found");
            assert_eq!(
                transport.link.log.last(),
                Some(&format!("read {handle}")),
                "{name} of {service:?}"
            );
        }
    }
}

#[test]
fn a_characteristic_of_another_name_is_not_taken_for_its_uuid() {
    let mut list = built_in(ServiceUuid::EXAMPLE);
    for characteristic in &mut list {
        if characteristic.name.as_deref() == Some("prov-scan") {
            characteristic.name = Some("something-else".to_string());
        }
    }
    let mut transport = BleTransport::new(FakeLink::to(list));
    assert_eq!(send(&mut transport, "prov-scan"), Err(TransportError::NoSuchEndpoint));
    assert_eq!(
        send(&mut transport, "something-else"),
        Ok("something-else:request".to_string())
    );
}

#[test]
fn an_endpoint_that_is_missing_is_looked_for_twice_and_harms_nothing() {
    let mut list = built_in(ServiceUuid::EXAMPLE);
    list.retain(|found| found.name.as_deref() != Some("prov-ctrl"));
    let mut transport = BleTransport::new(FakeLink::to(list));
    for _ in 0..3 {
        assert_eq!(send(&mut transport, "prov-ctrl"), Err(TransportError::NoSuchEndpoint));
    }
    assert_eq!(send(&mut transport, "prov-scan"), Ok("prov-scan:request".to_string()));
    assert_eq!(transport.link.times("list"), 2, "{:?}", transport.link.log);
    assert_eq!(transport.link.times("reconnect"), 0);
}

#[test]
fn an_application_s_endpoint_without_a_name_is_not_guessed() {
    let mut list = built_in(ServiceUuid::EXAMPLE);
    list.push(application(0, "custom-data"));
    let mut transport = BleTransport::new(FakeLink::to(without_names(list)));
    assert_eq!(send(&mut transport, "custom-data"), Err(TransportError::NoSuchEndpoint));
}

#[test]
fn a_stale_list_is_made_anew_once() {
    let mut moved = built_in(ServiceUuid::EXAMPLE);
    for characteristic in &mut moved {
        characteristic.handle += 100;
    }
    let mut transport = device();
    transport.link.cache = Some(moved);
    assert_eq!(
        send(&mut transport, "prov-config"),
        Ok("prov-config:request".to_string())
    );
    assert_eq!(transport.link.log, ["list", "write 112", "list", "write 12", "read 12"]);
}

#[test]
fn a_stale_list_without_the_endpoint_is_made_anew_once() {
    let mut transport = device();
    transport.link.cache = Some(vec![application(0, "of-another-firmware")]);
    assert_eq!(
        send(&mut transport, "prov-config"),
        Ok("prov-config:request".to_string())
    );
    assert_eq!(transport.link.log, ["list", "list", "write 12", "read 12"]);
}

#[test]
fn a_device_that_goes_on_denying_its_own_list_is_not_asked_for_ever() {
    let mut transport = device();
    for _ in 0..8 {
        transport.link.faults.push(Fault::Answers(0x01));
    }
    assert_eq!(send(&mut transport, "prov-config"), Err(TransportError::NoSuchEndpoint));
    assert_eq!(transport.link.log, ["list", "write 12", "list", "write 12"]);
}

#[test]
fn a_device_without_the_service_is_none_in_provisioning() {
    let mut transport = BleTransport::new(FakeLink::to(Vec::new()));
    let error = send(&mut transport, "proto-ver").expect_err("nothing is there");
    assert!(matches!(error, TransportError::Protocol(_)), "{error}");
    assert_eq!(transport.link.times("list"), 2, "the cache may have been wrong");
}

#[test]
fn a_refusal_leaves_the_connection_in_use() {
    let mut transport = with_fault(Fault::Answers(0x04));
    assert_eq!(send(&mut transport, "prov-session"), Err(TransportError::Refused));
    assert_eq!(
        send(&mut transport, "prov-session"),
        Ok("prov-session:request".to_string())
    );
    assert_eq!(transport.link.times("reconnect"), 0);
}

#[test]
fn after_a_refusal_that_ended_the_connection_a_new_one_is_made() {
    let mut transport = with_fault(Fault::AnswersAndEnds(0x85));
    assert_eq!(send(&mut transport, "prov-session"), Err(TransportError::Refused));
    assert_eq!(
        send(&mut transport, "prov-session"),
        Ok("prov-session:request".to_string())
    );
    assert_eq!(transport.link.times("reconnect"), 1);
}

#[test]
fn after_a_refusal_a_connection_that_is_seen_to_end_only_later_is_made_anew() {
    let mut transport = with_fault(Fault::EndsBefore);
    // The last one comes first.
    transport.link.faults.push(Fault::Answers(0x85));
    assert_eq!(send(&mut transport, "prov-session"), Err(TransportError::Refused));
    assert_eq!(
        send(&mut transport, "prov-session"),
        Ok("prov-session:request".to_string())
    );
    assert_eq!(transport.link.times("reconnect"), 1);
}

#[test]
fn a_connection_that_breaks_before_or_after_the_answer_is_lost_and_the_request_not_sent_again() {
    for fault in [Fault::EndsBefore, Fault::EndsAfter] {
        let mut transport = with_fault(fault);
        let error = send(&mut transport, "prov-config").expect_err("broken");
        assert!(matches!(error, TransportError::Lost(_)), "{error}");
        assert_eq!(transport.link.times("write 12"), 1);
        assert_eq!(
            send(&mut transport, "prov-config"),
            Ok("prov-config:request".to_string())
        );
        assert_eq!(transport.link.times("reconnect"), 1);
    }
}

#[test]
fn a_connection_that_ended_between_requests_is_lost_and_its_session_with_it() {
    let mut transport = device();
    send(&mut transport, "prov-session").expect("all is well");
    transport.link.connected = false;
    let error = send(&mut transport, "prov-config").expect_err("the session is gone");
    assert!(matches!(error, TransportError::Lost(_)), "{error}");
    assert_eq!(
        transport.link.times("write 12"),
        0,
        "nothing is sent in a session that is gone"
    );
    assert_eq!(
        send(&mut transport, "prov-config"),
        Ok("prov-config:request".to_string())
    );
}

#[test]
fn after_a_request_that_was_given_up_a_new_connection_is_made() {
    let mut transport = with_fault(Fault::Hangs);
    {
        let mut hanging = pin!(transport.send("prov-scan", b"request"));
        let mut context = Context::from_waker(Waker::noop());
        assert!(hanging.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(send(&mut transport, "prov-scan"), Ok("prov-scan:request".to_string()));
    assert_eq!(transport.link.times("reconnect"), 1);
}

#[test]
fn a_new_connection_asks_for_the_endpoints_again() {
    let mut transport = device();
    send(&mut transport, "prov-config").expect("all is well");
    for characteristic in &mut transport.link.device {
        characteristic.handle += 100;
    }
    block_on(transport.reconnect()).expect("in range");
    assert_eq!(
        send(&mut transport, "prov-config"),
        Ok("prov-config:request".to_string())
    );
    assert_eq!(transport.link.times("write 112"), 1);
}

#[test]
fn values_of_512_bytes_pass_whole_and_longer_ones_are_not_begun() {
    let mut transport = device();
    let answer = block_on(transport.send("prov-config", &[b'x'; 512])).expect("the longest value");
    assert_eq!(answer.len(), "prov-config:".len() + 512);
    let begun = transport.link.log.len();
    let too_long = block_on(transport.send("prov-config", &[b'x'; 513]));
    assert_eq!(too_long, Err(TransportError::TooLong(512)));
    assert_eq!(
        block_on(transport.send("prov-config", b"")),
        Err(TransportError::EmptyRequest)
    );
    assert_eq!(transport.link.log.len(), begun);
}

#[test]
fn scans_are_read_four_entries_at_a_time_and_leave_out_no_channels() {
    let transport = device();
    assert_eq!(transport.scan_page(), 4);
    assert_eq!(transport.scan_group_channels(), 0);
}

#[test]
fn every_att_error_has_the_meaning_of_the_stacks_that_give_it() {
    for (code, meaning) in [
        (0x01, TransportError::NoSuchEndpoint),
        (0x03, TransportError::NoSuchEndpoint),
        (0x04, TransportError::Refused),
        (0x05, TransportError::EncryptionNeeded),
        (0x0d, TransportError::TooLong(481)),
        (0x0e, TransportError::Refused),
        (0x0f, TransportError::EncryptionNeeded),
        (0x12, TransportError::NoSuchEndpoint),
        (0x85, TransportError::Refused),
        (0xfe, TransportError::Busy),
        (0xff, TransportError::Refused),
    ] {
        assert_eq!(AttError(code).meaning(482), meaning, "{code:#04x}");
    }
    assert!(matches!(AttError(0x06).meaning(482), TransportError::Protocol(text) if text.contains("0x06")));
}
