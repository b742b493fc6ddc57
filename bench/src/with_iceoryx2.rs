//! iceoryx2's publish-subscribe between two processes, one item after the other. What is sent
//! while the subscriber is still joining may be lost, so that the last item says that it is.
//!
//! Used by the bench `queues` if the feature `iceoryx2` is on. The subscriber polls, as its
//! own benchmarks do.
//!
//! When one of the two processes is killed, the other may wait for ever.

use iceoryx2::prelude::*;
use std::hint::{black_box, spin_loop};

/// What the last item is made of.
const LAST: u8 = 2;

type Body = Box<dyn FnOnce() + Send>;
type Port<const N: usize> =
    iceoryx2::service::port_factory::publish_subscribe::PortFactory<ipc::Service, [u8; N], ()>;

fn open<const N: usize>(node: &Node<ipc::Service>, name: &str, places: usize) -> Port<N> {
    node.service_builder(&ServiceName::new(name).expect("a name"))
        .publish_subscribe::<[u8; N]>()
        .enable_safe_overflow(false)
        .history_size(0)
        .subscriber_max_buffer_size(places)
        .open_or_create()
        .expect("a service")
}

/// Messages of `N` bytes a second, as `run` measures two processes.
///
/// # Panics
/// If iceoryx2 does not work here.
pub fn rate<const N: usize>(messages: u32, places: usize, run: fn(u32, bool, Vec<Body>) -> f64) -> f64 {
    set_log_level(LogLevel::Fatal);
    let name = format!("selvedge bench {} {N}", std::process::id());
    let other = name.clone();
    let put = move || {
        let node = NodeBuilder::new().create::<ipc::Service>().expect("a node");
        let service = open::<N>(&node, &name, places);
        let publisher = service
            .publisher_builder()
            .backpressure_strategy(BackpressureStrategy::RetryUntilDelivered)
            .create()
            .expect("a publisher");
        while service.dynamic_config().number_of_subscribers() == 0 {
            spin_loop();
        }
        for number in 1..=messages {
            let item = if number == messages { const { &[LAST; N] } } else { const { &[1; N] } };
            let sample = publisher.loan_uninit().expect("a sample");
            sample.write_payload(*black_box(item)).send().expect("a subscriber");
        }
        while service.dynamic_config().number_of_subscribers() != 0 {
            spin_loop();
        }
    };
    let get = move || {
        let node = NodeBuilder::new().create::<ipc::Service>().expect("a node");
        let subscriber =
            open::<N>(&node, &other, places).subscriber_builder().create().expect("a subscriber");
        loop {
            match subscriber.receive().expect("a publisher") {
                Some(sample) if black_box(sample.payload()[N - 1]) == LAST => break,
                Some(_) => {}
                None => spin_loop(),
            }
        }
    };
    run(messages, false, vec![Box::new(put), Box::new(get)])
}
