use std::collections::HashMap;

use super::*;
use crate::encode::{from_hex, to_hex};
use proptest::prelude::*;

/// A tree with all the nodes its appends completed.
#[derive(Default)]
struct Tree {
    frontier: Frontier,
    nodes: HashMap<NodeId, Hash>,
    roots: Vec<Hash>,
}

impl Tree {
    fn of(entries: &[Vec<u8>]) -> Self {
        let mut tree = Self { roots: vec![empty_root()], ..Self::default() };
        for entry in entries {
            tree.nodes.extend(tree.frontier.append(leaf_hash(entry)));
            tree.roots.push(tree.frontier.root());
        }
        tree
    }

    fn node(&self, id: NodeId) -> Result<Hash, NodeId> {
        self.nodes.get(&id).copied().ok_or(id)
    }

    fn inclusion(&self, index: usize, size: usize) -> Vec<Hash> {
        inclusion_proof(index as u64, size as u64, |id| self.node(id)).unwrap()
    }

    fn consistency(&self, old: usize, size: usize) -> Vec<Hash> {
        consistency_proof(old as u64, size as u64, |id| self.node(id)).unwrap()
    }
}

/// RFC 9162 §2.1.1, word for word: slow and plain.
fn naive_root(entries: &[Vec<u8>]) -> Hash {
    match entries {
        [] => sha256(&[]),
        [one] => leaf_hash(one),
        many => {
            let mut split = 1;
            while split * 2 < many.len() {
                split *= 2;
            }
            node_hash(&naive_root(&many[..split]), &naive_root(&many[split..]))
        }
    }
}

/// The eight entries that RFC 6962 implementations share as their reference tree.
fn reference_entries() -> Vec<Vec<u8>> {
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
        .map(|hex| from_hex(hex).unwrap())
        .to_vec()
}

fn numbered(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| number.to_be_bytes().to_vec()).collect()
}

#[test]
fn the_reference_tree_has_the_published_roots_at_every_size() {
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let tree = Tree::of(&reference_entries());
    let computed: Vec<String> = tree.roots.iter().map(|root| to_hex(root)).collect();
    assert_eq!(computed, roots);
}

#[test]
fn the_reference_tree_has_the_published_inclusion_proofs() {
    let tree = Tree::of(&reference_entries());
    let cases: [(usize, usize, &[&str]); 4] = [
        (0, 1, &[]),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
    ];
    for (index, size, proof) in cases {
        let computed: Vec<String> = tree.inclusion(index, size).iter().map(|hash| to_hex(hash)).collect();
        assert_eq!(computed, proof, "leaf {index} of {size}");
    }
}

/// The example of RFC 6962 §2.1.3: a tree of seven leaves grown from three, four and six.
#[test]
fn consistency_proofs_follow_the_example_of_the_rfc() {
    let entries = numbered(7);
    let tree = Tree::of(&entries);
    let leaf = |index: usize| leaf_hash(&entries[index]);
    // The RFC's names: g, h and i pair the leaves; k covers the first four, l the last three.
    let node_i = node_hash(&leaf(4), &leaf(5));
    let node_k = node_hash(&node_hash(&leaf(0), &leaf(1)), &node_hash(&leaf(2), &leaf(3)));
    let node_l = node_hash(&node_i, &leaf(6));
    let node_g = node_hash(&leaf(0), &leaf(1));
    assert_eq!(tree.consistency(3, 7), [leaf(2), leaf(3), node_g, node_l]);
    assert_eq!(tree.consistency(4, 7), [node_l]);
    assert_eq!(tree.consistency(6, 7), [node_i, leaf(6), node_k]);
}

#[test]
fn every_proof_up_to_forty_leaves_verifies() {
    let entries = numbered(40);
    let tree = Tree::of(&entries);
    for size in 1..=entries.len() {
        let root = &tree.roots[size];
        assert_eq!(*root, naive_root(&entries[..size]));
        for (index, entry) in entries[..size].iter().enumerate() {
            let proof = tree.inclusion(index, size);
            let verified = verify_inclusion(&leaf_hash(entry), index as u64, size as u64, &proof, root);
            assert!(verified, "leaf {index} of {size}");
        }
        for old in 0..=size {
            let proof = tree.consistency(old, size);
            let verified = verify_consistency(old as u64, size as u64, &proof, &tree.roots[old], root);
            assert!(verified, "{old} to {size}");
        }
    }
}

#[test]
fn an_inclusion_proof_of_anything_else_is_refused() {
    let entries = numbered(13);
    let tree = Tree::of(&entries);
    let (leaf, root) = (leaf_hash(&entries[6]), tree.roots[13]);
    let proof = tree.inclusion(6, 13);
    let verify = |index, size, proof: &[Hash]| verify_inclusion(&leaf, index, size, proof, &root);
    assert!(verify(6, 13, &proof));
    for index in (0..20).filter(|index| *index != 6) {
        assert!(!verify(index, 13, &proof), "index {index}");
    }
    assert!(!verify(6, 6, &proof) && !verify(6, 0, &proof) && !verify(6, 40, &proof));
    assert!(!verify_inclusion(&leaf_hash(b"other"), 6, 13, &proof, &root));
    assert!(!verify_inclusion(&leaf, 6, 13, &proof, &tree.roots[12]));
    for at in 0..proof.len() {
        let mut changed = proof.clone();
        changed[at][31] ^= 1;
        assert!(!verify(6, 13, &changed), "hash {at} changed");
        assert!(!verify(6, 13, &proof[..at]), "{at} hashes");
    }
    let longer = [proof.as_slice(), &[root]].concat();
    assert!(!verify(6, 13, &longer));
}

#[test]
fn a_consistency_proof_for_a_rewritten_past_is_refused() {
    let tree = Tree::of(&numbered(13));
    let mut rewritten = numbered(13);
    rewritten[2] = b"rewritten".to_vec();
    let rewritten = Tree::of(&rewritten);
    for old in 3..13 {
        let proof = rewritten.consistency(old, 13);
        let size = old as u64;
        assert!(!verify_consistency(size, 13, &proof, &tree.roots[old], &rewritten.roots[13]), "{old}");
        let honest = tree.consistency(old, 13);
        assert!(!verify_consistency(size, 13, &honest, &tree.roots[old], &rewritten.roots[13]), "{old}");
    }
}

#[test]
fn a_changed_shortened_or_lengthened_consistency_proof_is_refused() {
    let tree = Tree::of(&numbered(13));
    for old in 1..13 {
        let proof = tree.consistency(old, 13);
        let verify =
            |proof: &[Hash]| verify_consistency(old as u64, 13, proof, &tree.roots[old], &tree.roots[13]);
        for at in 0..proof.len() {
            let mut changed = proof.clone();
            changed[at][0] ^= 8;
            assert!(!verify(&changed), "{old}: hash {at} changed");
            assert!(!verify(&proof[..at]), "{old}: {at} hashes");
        }
        assert!(!verify(&[proof.as_slice(), &[tree.roots[13]]].concat()), "{old}: longer");
    }
    let proof = tree.consistency(4, 13);
    assert!(!verify_consistency(4, 100, &proof, &tree.roots[4], &tree.roots[13]), "a greater size");
    assert!(!verify_consistency(13, 12, &[], &tree.roots[13], &tree.roots[12]));
    assert!(!verify_consistency(13, 13, &[], &tree.roots[12], &tree.roots[13]));
    assert!(!verify_consistency(0, 13, &[], &tree.roots[1], &tree.roots[13]));
}

#[test]
fn a_proof_beyond_the_tree_is_an_error() {
    let tree = Tree::of(&numbered(3));
    let out_of_range = |asked, size| ProofError::<NodeId>::OutOfRange { asked, size };
    assert_eq!(inclusion_proof(3, 3, |id| tree.node(id)), Err(out_of_range(3, 3)));
    assert_eq!(inclusion_proof(0, 0, |id| tree.node(id)), Err(out_of_range(0, 0)));
    assert_eq!(consistency_proof(4, 3, |id| tree.node(id)), Err(out_of_range(4, 3)));
}

#[test]
fn a_node_that_cannot_be_read_is_an_error() {
    let lost = inclusion_proof(0, 2, Err::<Hash, _>);
    assert_eq!(lost, Err(ProofError::Node(NodeId { level: 0, index: 1 })));
}

#[test]
fn a_frontier_survives_storage_and_refuses_what_does_not_fit() {
    let tree = Tree::of(&numbered(11));
    let edge = tree.frontier.edge().to_vec();
    assert_eq!(Frontier::from_parts(11, edge.clone()), Some(tree.frontier));
    assert_eq!(Frontier::from_parts(12, edge), None);
}

#[test]
fn a_proof_in_a_tree_of_ten_million_asks_for_few_nodes() {
    let mut asked = 0;
    let proof = inclusion_proof(1_234_567, 10_000_019, |_| {
        asked += 1;
        Ok::<_, ()>([0; 32])
    });
    assert!(proof.unwrap().len() <= MAX_PROOF_HASHES);
    assert!(asked < 64, "{asked}");
}

proptest! {
    #[test]
    fn the_frontier_agrees_with_the_definition(entries: Vec<Vec<u8>>) {
        prop_assert_eq!(Tree::of(&entries).frontier.root(), naive_root(&entries));
    }

    #[test]
    fn proofs_verify_at_any_size(size in 1_usize..300, index: prop::sample::Index, old: prop::sample::Index) {
        let entries = numbered(size);
        let tree = Tree::of(&entries);
        let (index, old) = (index.index(size), old.index(size + 1));
        let leaf = leaf_hash(&entries[index]);
        let proof = tree.inclusion(index, size);
        prop_assert!(verify_inclusion(&leaf, index as u64, size as u64, &proof, &tree.roots[size]));
        let proof = tree.consistency(old, size);
        let (old_root, root) = (&tree.roots[old], &tree.roots[size]);
        prop_assert!(verify_consistency(old as u64, size as u64, &proof, old_root, root));
    }

    #[test]
    fn no_proof_makes_verifying_panic(index: u64, size: u64, old: u64, proof: Vec<Hash>, root: Hash) {
        prop_assert!(!verify_inclusion(&[7; 32], index, size, &proof, &root));
        let _ = verify_consistency(old, size, &proof, &[7; 32], &root);
    }
}
