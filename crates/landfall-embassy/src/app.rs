use crate::Event;

/// The application: it hears what happens, and answers the endpoints that it added.
///
/// Both have an answer already, so an application without endpoints, or without a log, leaves one out; `()` is the one
/// that does nothing.
#[expect(
    async_fn_in_trait,
    reason = "firmware runs on one executor; nothing here has to be Send"
)]
pub trait App {
    /// Hears of everything as it happens. The device waits meanwhile, so it should not take long.
    fn on_event(&mut self, _event: &Event<'_>) {}

    /// Answers a request to one of [`Config::endpoints`](landfall_manager::Config::endpoints): `request` is in the
    /// clear; the answer goes into `response`, and its length is given back. `None` fails the request.
    ///
    /// The device does nothing else meanwhile, and the client waits: no longer than seconds.
    async fn on_request(&mut self, _endpoint: &str, _request: &[u8], _response: &mut [u8]) -> Option<usize> {
        None
    }
}

impl App for () {}

impl<A: App> App for &mut A {
    fn on_event(&mut self, event: &Event<'_>) {
        (**self).on_event(event);
    }

    async fn on_request(&mut self, endpoint: &str, request: &[u8], response: &mut [u8]) -> Option<usize> {
        (**self).on_request(endpoint, request, response).await
    }
}
