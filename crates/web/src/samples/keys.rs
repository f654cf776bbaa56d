use app::keys::{KekStanding, Standing};
use domain::{KeyRotationId, Timestamp};
use store::rotation::{Holder, Kek, KekState, Rotation, RotationState};
use vault::KekId;

use super::{Reader, Rendered, add};
use crate::Nav;
use crate::pages::keys::KeysPage;

const DAY: u64 = 24 * 60;

impl Reader {
    pub(super) fn keys(&self, pages: &mut Vec<Rendered>) {
        let page = |keys| KeysPage { chrome: self.chrome(Nav::Keys), keys };
        add(pages, "keys", &page(fresh()));
        let former = [kek(2, KekState::Primary, 3, 41_204), kek(1, KekState::Former, 368, 0)];
        let ended = Some(Self::ago(3 * DAY));
        let rotation = Rotation { ended_at: ended, ..self.rotation(RotationState::Done, 41_204) };
        add(
            pages,
            "keys-rotated",
            &page(Standing { keks: former.into(), rotation: Some(rotation), ..fresh() }),
        );
        let both = || vec![kek(2, KekState::Primary, 0, 310_500), kek(1, KekState::Former, 380, 689_500)];
        let running = self.rotation(RotationState::Running, 310_500);
        add(
            pages,
            "keys-rotating",
            &page(Standing { keks: both(), rotation: Some(running.clone()), ..fresh() }),
        );
        let stuck = Some("2 data keys do not unwrap, the first is dek_01…".to_owned());
        add(
            pages,
            "keys-bad",
            &page(Standing {
                keks: vec![kek(2, KekState::Coming, 0, 0), kek(1, KekState::Primary, 401, 1_000_000)],
                problem: Some("others may read the key file /etc/lojista/keys (mode 644)".to_owned()),
                rotation: Some(Rotation { error: stuck, ..self.rotation(RotationState::Waiting, 0) }),
                due_at: Some(Self::ago(36 * DAY)),
                lacking: vec![holder()],
                ..fresh()
            }),
        );
    }

    fn rotation(&self, state: RotationState, done: i64) -> Rotation {
        let at = Self::ago(12);
        Rotation {
            id: KeyRotationId::new(at, &self.entropy),
            kek: KekId::from_bytes([2; 8]),
            state,
            asked_by: "command".to_owned(),
            asked_at: at,
            started_at: Some(at),
            ended_at: None,
            last_key: None,
            done,
            total: 1_000_000,
            error: None,
        }
    }
}

fn fresh() -> Standing {
    Standing {
        file: Some("/etc/lojista/keys".to_owned()),
        problem: None,
        keks: vec![kek(1, KekState::Primary, 40, 41_204)],
        due_at: Some(Timestamp::from_millis(1_823_366_991_000)),
        rotation: None,
        lacking: Vec::new(),
        nodes: 2,
        token_keys: 3,
        oldest_token_key: Some(Reader::ago(40 * DAY)),
    }
}

fn kek(byte: u8, state: KekState, days: u64, keys: i64) -> KekStanding {
    let made_at = Reader::ago(days * DAY);
    KekStanding {
        kek: Kek { id: KekId::from_bytes([byte; 8]), state, made_at, since: made_at },
        keys,
        in_file: true,
    }
}

fn holder() -> Holder {
    Holder {
        node: "4711-0a1b2c3d-1795366000000".to_owned(),
        host: "loja-2".to_owned(),
        place: "/etc/lojista/keys".to_owned(),
        keks: vec![KekId::from_bytes([1; 8])],
        problem: None,
        seen_at: Reader::ago(0),
    }
}
