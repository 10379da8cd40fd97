use super::*;
use crate::terminal::{
    examples::{heard, hidden, named},
    picker::{Devices, Networks},
};

/// A list of `count` networks called n1, n2, ...
fn list(count: usize) -> List<Networks> {
    let mut list = List::new(Networks, None);
    let networks = (1..=count).map(|number| named(&format!("n{number}"), -30 - number as i32));
    list.scan_ended(networks.collect());
    list
}

fn press<S: Subject>(list: &mut List<S>, keys: &str) -> Option<Act<Row<S>>> {
    keys.chars().fold(None, |_, c| list.press(Key::Character(c), 10))
}

#[test]
fn the_cursor_stays_within_the_entries() {
    let mut list = list(3);
    list.press(Key::Up, 10);
    assert_eq!(list.cursor(), 0);
    press(&mut list, "jjjjjj");
    assert_eq!(list.cursor(), 3, "the last entry is for another network");
    press(&mut list, "k");
    assert_eq!(list.cursor(), 2);
    list.press(Key::End, 10);
    assert_eq!(list.cursor(), 3);
    list.press(Key::Home, 10);
    assert_eq!(list.cursor(), 0);
}

#[test]
fn pages_are_as_long_as_the_window() {
    let mut list = list(30);
    list.press(Key::PageDown, 7);
    assert_eq!(list.cursor(), 7);
    list.press(Key::PageDown, 7);
    list.press(Key::PageUp, 10);
    assert_eq!(list.cursor(), 4);
}

#[test]
fn enter_takes_what_is_under_the_cursor() {
    let mut list = list(2);
    list.press(Key::Down, 10);
    assert_eq!(list.press(Key::Enter, 10), Some(Act::Take(named("n2", -32))));
    list.press(Key::Down, 10);
    assert_eq!(list.press(Key::Enter, 10), Some(Act::Other));
}

#[test]
fn letters_ask_for_the_rest() {
    let mut list = list(2);
    assert_eq!(press(&mut list, "h"), Some(Act::Other));
    assert_eq!(press(&mut list, "r"), Some(Act::Rescan));
    assert_eq!(press(&mut list, "q"), Some(Act::Leave));
    assert_eq!(list.press(Key::Escape, 10), Some(Act::Leave));
    assert_eq!(list.press(Key::Interrupt, 10), Some(Act::Interrupt));
    assert_eq!(press(&mut list, "x"), None);
}

#[test]
fn one_scan_at_a_time() {
    let mut list = List::new(Networks, None);
    assert_eq!(press(&mut list, "r"), None);
    assert_eq!(list.note(), Some("The device is scanning already."));
}

#[test]
fn numbers_of_several_digits_jump_while_they_are_typed() {
    let mut list = list(12);
    press(&mut list, "1");
    assert_eq!(list.cursor(), 0);
    press(&mut list, "2");
    assert_eq!(list.cursor(), 11);
    press(&mut list, "3");
    assert_eq!(list.cursor(), 2, "nothing has 123 entries: a new number begins");
    press(&mut list, "1j2");
    assert_eq!(list.cursor(), 1, "another key ends a number");
}

#[test]
fn a_wrong_number_is_told_and_moves_nothing() {
    let mut list = list(5);
    press(&mut list, "3");
    press(&mut list, "9");
    assert_eq!(
        (list.cursor(), list.note()),
        (2, Some("There is no number 9: the networks have 1 to 5."))
    );
    press(&mut list, "0");
    assert_eq!(list.note(), Some("There is no number 0: the networks have 1 to 5."));
    press(&mut list, "2");
    assert_eq!((list.cursor(), list.note()), (1, None));
    assert_eq!(press(&mut List::new(Networks, None), "1"), None);
}

#[test]
fn the_cursor_keeps_to_its_network_while_others_come() {
    let mut list = List::new(Networks, None);
    list.show(vec![named("b", -50), named("d", -70)]);
    press(&mut list, "j");
    list.show(vec![named("a", -40), named("b", -50), named("c", -60), named("d", -70)]);
    assert_eq!(list.rows()[list.cursor()].octets, b"d");
    list.press(Key::End, 10);
    list.show(vec![named("a", -40)]);
    assert_eq!(list.cursor(), 1, "the last entry stays the last");
}

#[test]
fn the_cursor_keeps_to_its_hidden_network_too() {
    let mut list = List::new(Networks, None);
    list.show(vec![hidden(1, -50), hidden(2, -60)]);
    press(&mut list, "j");
    list.show(vec![hidden(2, -40), hidden(1, -50)]);
    assert_eq!(list.cursor(), 0);
}

#[test]
fn a_network_that_is_gone_leaves_the_cursor_where_it_can_be() {
    let mut list = list(5);
    press(&mut list, "5");
    list.show(vec![named("x", -40)]);
    assert_eq!(list.cursor(), 1);
    list.show(Vec::new());
    assert_eq!(list.cursor(), 0);
}

#[test]
fn the_window_moves_only_as_far_as_the_cursor_needs() {
    let mut list = list(9);
    assert_eq!(list.window(4), 0..4);
    press(&mut list, "4");
    assert_eq!(list.window(4), 0..4);
    press(&mut list, "6");
    assert_eq!(list.window(4), 2..6);
    press(&mut list, "4");
    assert_eq!(list.window(4), 2..6);
    list.press(Key::End, 4);
    assert_eq!(list.window(4), 6..10);
    assert_eq!(list.window(40), 0..10, "a window that has grown shows all");
    list.press(Key::Home, 4);
    assert_eq!(list.window(0), 0..1, "no window is too small for one entry");
}

#[test]
fn the_last_entry_of_devices_shows_all_of_them_and_takes_nothing() {
    let mut list = List::new(Devices::new("devices called PROV_...".into()), None);
    list.show(vec![heard("lamp", 1, -30), heard("PROV_a", 2, -40), heard("", 3, -70)]);
    assert_eq!(list.rows().len(), 1);
    assert_eq!(press(&mut list, "a"), None);
    assert_eq!(
        (list.rows().len(), list.cursor()),
        (3, 1),
        "the cursor stays on its device"
    );
    list.press(Key::End, 10);
    assert_eq!(list.press(Key::Enter, 10), None);
    assert_eq!(list.rows().len(), 1);
}

#[test]
fn another_scan_for_devices_begins_at_once_and_with_an_empty_list() {
    let mut list = List::new(Devices::new("devices to provision".into()), None);
    list.show(vec![heard("PROV_a", 1, -60), heard("PROV_b", 2, -70)]);
    assert_eq!(press(&mut list, "jr"), Some(Act::Rescan));
    list.scan_began();
    assert_eq!((list.rows().len(), list.cursor()), (0, 0));
}

#[test]
fn devices_that_are_heard_anew_leave_the_cursor_on_its_device() {
    let mut list = List::new(Devices::new("devices called PROV_...".into()), None);
    list.show(vec![heard("PROV_b", 1, -60)]);
    list.show(vec![heard("PROV_b", 1, -60), heard("PROV_a", 2, -40)]);
    assert_eq!(list.cursor(), 1);
    assert_eq!(list.press(Key::Enter, 10), Some(Act::Take(heard("PROV_b", 1, -60))));
    list.scan_ended(vec![heard("PROV_a", 2, -40)]);
    assert_eq!(
        (list.rows().len(), list.cursor()),
        (1, 1),
        "nobody takes a device that was not meant"
    );
}
