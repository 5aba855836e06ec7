//! Who is connected over TCP: whose time is up, and who goes when there are too many.
//!
//! ```text
//! message begun, not whole     closed `message` after its first octet
//! otherwise                    closed `idle` after the last use
//! too many of one network      its own idlest goes, nobody else's
//! too many of all              the idlest of all goes
//! ```
//!
//! A use is a whole message received, or the last octet of the waiting replies taken. A new
//! connection is preferred to an idle one: idle ones are more often forgotten than wanted, and a
//! limit that refused new ones would let whoever holds the old ones lock his neighbours out. All
//! of it is kept in order: no step looks at every connection, except when limits are changed.
//! It knows no socket and no clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use mio::Token;

use crate::snapshot::Tcp;
use crate::tally::Counter;

/// Connections by a moment of theirs.
type Order = BTreeSet<(Instant, Token)>;

#[derive(Clone, Copy, Debug)]
struct Member {
    /// Who it counts for; nobody if it is a front end's.
    client: Option<IpAddr>,
    used: Instant,
    /// When the message began that is not whole.
    begun: Option<Instant>,
}

/// All connections, in the orders in which they end.
pub(super) struct Crowd {
    limits: Tcp,
    members: BTreeMap<Token, Member>,
    by_use: Order,
    by_network: HashMap<u64, Order>,
    /// By last use: those without an unfinished message.
    resting: Order,
    /// By first octet: those with one.
    unfinished: Order,
}

impl Crowd {
    pub(super) fn new(limits: Tcp) -> Self {
        Self {
            limits,
            members: BTreeMap::new(),
            by_use: Order::new(),
            by_network: HashMap::new(),
            resting: Order::new(),
            unfinished: Order::new(),
        }
    }

    /// Take other limits; give who must go by them, and by which one.
    pub(super) fn limit(&mut self, limits: &Tcp) -> Vec<(Token, Counter)> {
        if *limits == self.limits {
            return Vec::new();
        }
        self.limits = limits.clone();
        self.by_network.clear();
        for (&token, member) in &self.members {
            if let Some(network) = member.client.map(|client| self.limits.prefixes.network(client))
            {
                self.by_network.entry(network).or_default().insert((member.used, token));
            }
        }
        let (each, all) = (count(limits.per_network), count(limits.connections));
        let mut gone = BTreeSet::new();
        for order in self.by_network.values() {
            let excess = order.len().saturating_sub(each);
            gone.extend(order.iter().take(excess).map(|&(_, token)| token));
        }
        let excess = (self.members.len() - gone.len()).saturating_sub(all);
        let others = self.by_use.iter().map(|&(_, token)| token);
        let others: Vec<_> = others.filter(|token| !gone.contains(token)).take(excess).collect();
        let gone = gone.into_iter().map(|token| (token, Counter::TcpClosedNetwork));
        gone.chain(others.into_iter().map(|token| (token, Counter::TcpClosedFull))).collect()
    }

    /// Who must go before one more of this client can be let in, and by which limit.
    pub(super) fn in_the_way(&self, client: Option<IpAddr>) -> Option<(Token, Counter)> {
        if let Some(found) = client.and_then(|client| self.in_the_way_of(client)) {
            return Some(found);
        }
        if self.members.len() < count(self.limits.connections) {
            return None;
        }
        Some((self.idlest()?, Counter::TcpClosedFull))
    }

    /// Who must go before one more can count for this client's network.
    pub(super) fn in_the_way_of(&self, client: IpAddr) -> Option<(Token, Counter)> {
        let order = self.by_network.get(&self.limits.prefixes.network(client))?;
        if order.len() < count(self.limits.per_network) {
            return None;
        }
        order.first().map(|&(_, token)| (token, Counter::TcpClosedNetwork))
    }

    /// The one that was used longest ago.
    pub(super) fn idlest(&self) -> Option<Token> {
        self.by_use.first().map(|&(_, token)| token)
    }

    /// Let one in.
    pub(super) fn join(&mut self, token: Token, client: Option<IpAddr>, now: Instant) {
        self.put(token, Member { client, used: now, begun: None });
    }

    /// Note its last use, and when the message began that is not whole.
    pub(super) fn note(&mut self, token: Token, used: Instant, begun: Option<Instant>) {
        let Some(&member) = self.members.get(&token) else {
            return;
        };
        if (member.used, member.begun) != (used, begun) {
            self.leave(token);
            self.put(token, Member { used, begun, ..member });
        }
    }

    /// Count it for another client.
    pub(super) fn count_for(&mut self, token: Token, client: IpAddr) {
        if let Some(&member) = self.members.get(&token) {
            self.leave(token);
            self.put(token, Member { client: Some(client), ..member });
        }
    }

    /// Let one go.
    pub(super) fn leave(&mut self, token: Token) {
        let Some(member) = self.members.remove(&token) else {
            return;
        };
        self.by_use.remove(&(member.used, token));
        if let Some(begun) = member.begun {
            self.unfinished.remove(&(begun, token));
        } else {
            self.resting.remove(&(member.used, token));
        }
        if let Some(network) = member.client.map(|client| self.limits.prefixes.network(client)) {
            if let Some(order) = self.by_network.get_mut(&network) {
                order.remove(&(member.used, token));
                if order.is_empty() {
                    self.by_network.remove(&network);
                }
            }
        }
    }

    fn put(&mut self, token: Token, member: Member) {
        self.by_use.insert((member.used, token));
        if let Some(begun) = member.begun {
            self.unfinished.insert((begun, token));
        } else {
            self.resting.insert((member.used, token));
        }
        if let Some(network) = member.client.map(|client| self.limits.prefixes.network(client)) {
            self.by_network.entry(network).or_default().insert((member.used, token));
        }
        self.members.insert(token, member);
    }

    /// One whose time is up.
    pub(super) fn overdue(&self, now: Instant) -> Option<Token> {
        self.first_due().filter(|&(due, _)| due <= now).map(|(_, token)| token)
    }

    /// How long until the next one's time is up, at most `most`.
    pub(super) fn patience(&self, now: Instant, most: Duration) -> Duration {
        self.first_due().map_or(most, |(due, _)| due.saturating_duration_since(now).min(most))
    }

    fn first_due(&self) -> Option<(Instant, Token)> {
        let due = |order: &Order, time: Duration| {
            order.first().map(|&(since, token)| (since + time, token))
        };
        let resting = due(&self.resting, self.limits.idle);
        let unfinished = due(&self.unfinished, self.limits.message);
        resting.into_iter().chain(unfinished).min()
    }
}

fn count(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::Prefixes;

    fn limits(connections: u32, per_network: u32) -> Tcp {
        Tcp {
            connections,
            per_network,
            prefixes: Prefixes { ipv4: 24, ipv6: 56 },
            idle: Duration::from_secs(10),
            message: Duration::from_secs(5),
        }
    }

    /// A crowd and a clock that the test moves.
    struct Scene {
        crowd: Crowd,
        start: Instant,
        closed: Vec<(usize, Counter)>,
    }

    impl Scene {
        fn new(connections: u32, per_network: u32) -> Self {
            let crowd = Crowd::new(limits(connections, per_network));
            Self { crowd, start: Instant::now(), closed: Vec::new() }
        }

        fn at(&self, second: u64) -> Instant {
            self.start + Duration::from_secs(second)
        }

        fn come(&mut self, token: usize, client: &str, second: u64) {
            let client = Some(client.parse().unwrap());
            while let Some((token, cause)) = self.crowd.in_the_way(client) {
                self.crowd.leave(token);
                self.closed.push((token.0, cause));
            }
            self.crowd.join(Token(token), client, self.at(second));
        }

        fn overdue(&self, second: u64) -> Option<usize> {
            self.crowd.overdue(self.at(second)).map(|token| token.0)
        }

        fn empty(&self) -> bool {
            let Crowd { members, by_use, by_network, resting, unfinished, .. } = &self.crowd;
            let left = [by_use.len(), resting.len(), unfinished.len(), by_network.len()];
            members.is_empty() && left == [0; 4]
        }
    }

    #[test]
    fn the_idlest_of_all_goes_when_there_are_too_many() {
        let mut scene = Scene::new(3, 3);
        for (token, client) in [(1, "192.0.2.1"), (2, "198.51.100.1"), (3, "203.0.113.1")] {
            scene.come(token, client, token as u64);
        }
        scene.crowd.note(Token(1), scene.at(4), None);
        scene.come(4, "192.0.2.9", 5);
        assert_eq!(scene.closed, [(2, Counter::TcpClosedFull)]);
    }

    #[test]
    fn a_network_at_its_limit_loses_its_own_and_nobody_elses() {
        let mut scene = Scene::new(4, 2);
        scene.come(1, "198.51.100.1", 0); // the idlest of all
        scene.come(2, "192.0.2.1", 1);
        scene.come(3, "192.0.2.255", 2);
        scene.come(4, "::ffff:192.0.2.7", 3);
        assert_eq!(scene.closed, [(2, Counter::TcpClosedNetwork)]);
        scene.come(5, "192.0.3.1", 4);
        scene.come(6, "2001:db8:0:ff::1", 5); // full, and its network is not
        assert_eq!(scene.closed[1..], [(1, Counter::TcpClosedFull)]);
        scene.come(7, "2001:db8:0:1::1", 6);
        scene.come(8, "2001:db8:0:2::1", 7);
        assert_eq!(
            scene.closed[2..],
            [(3, Counter::TcpClosedFull), (6, Counter::TcpClosedNetwork)]
        );
    }

    #[test]
    fn time_is_up_after_the_last_use_or_after_the_first_octet() {
        let mut scene = Scene::new(9, 9);
        scene.come(1, "192.0.2.1", 0);
        scene.come(2, "192.0.2.2", 1);
        scene.crowd.note(Token(2), scene.at(1), Some(scene.at(8))); // late, but in time
        assert_eq!((scene.overdue(9), scene.overdue(10)), (None, Some(1)));
        scene.crowd.note(Token(1), scene.at(9), None);
        assert_eq!((scene.overdue(12), scene.overdue(13)), (None, Some(2)));
        let hour = Duration::from_secs(3600);
        assert_eq!(scene.crowd.patience(scene.at(9), hour), Duration::from_secs(4));
        assert_eq!(scene.crowd.patience(scene.at(99), hour), Duration::ZERO);
        scene.crowd.leave(Token(2));
        assert_eq!(scene.overdue(19), Some(1));
        scene.crowd.leave(Token(1));
        assert!(scene.empty());
        assert_eq!(scene.crowd.patience(scene.at(9), hour), hour);
    }

    #[test]
    fn a_front_end_counts_for_nobody_until_it_says_for_whom() {
        let mut scene = Scene::new(9, 1);
        for token in 1..4 {
            assert_eq!(scene.crowd.in_the_way(None), None);
            scene.crowd.join(Token(token), None, scene.at(0));
        }
        let client = "192.0.2.1".parse().unwrap();
        scene.crowd.count_for(Token(1), client);
        let found = scene.crowd.in_the_way_of(client);
        assert_eq!(found, Some((Token(1), Counter::TcpClosedNetwork)));
        assert_eq!(scene.crowd.in_the_way_of("192.0.3.1".parse().unwrap()), None);
    }

    #[test]
    fn other_limits_hold_for_those_who_are_there() {
        let mut scene = Scene::new(9, 9);
        let clients = ["192.0.2.1", "192.0.2.2", "192.0.3.1", "192.0.3.2", "198.51.100.1"];
        for (token, client) in (1..).zip(clients) {
            scene.come(token, client, token as u64);
        }
        assert_eq!(scene.crowd.limit(&limits(9, 9)), []);
        let narrow = Tcp { prefixes: Prefixes { ipv4: 16, ipv6: 56 }, ..limits(2, 3) };
        let gone = scene.crowd.limit(&narrow);
        let wanted = [
            (Token(1), Counter::TcpClosedNetwork),
            (Token(2), Counter::TcpClosedFull),
            (Token(3), Counter::TcpClosedFull),
        ];
        assert_eq!(gone, wanted);
        for (token, _) in gone {
            scene.crowd.leave(token);
        }
        assert_eq!(scene.crowd.in_the_way_of("192.0.99.1".parse().unwrap()), None);
        scene.crowd.leave(Token(4));
        scene.crowd.leave(Token(5));
        assert!(scene.empty());
    }
}
