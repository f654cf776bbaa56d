//! The Merkle tree of RFC 6962 §2.1 and RFC 9162 §2.1 over SHA-256.
//!
//! A writer keeps a [`Frontier`] (one hash per perfect subtree at the right edge) and the
//! nodes that each append completes; proofs are read from those nodes. A verifier needs
//! neither.

use crate::token::sha256;

/// A SHA-256 hash of a leaf or node.
pub type Hash = [u8; 32];

/// Longest proof: a path through 2^64 leaves.
pub const MAX_PROOF_HASHES: usize = 64;

/// The hash of an entry.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    sha256(&[&[0], entry].concat())
}

/// The hash of two neighbours.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[[1].as_slice(), left, right].concat())
}

/// The root of a tree without leaves.
#[must_use]
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// Where a perfect subtree stands: it covers the leaves `index << level` up to
/// `(index + 1) << level`. Level 0 are the leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// Height above the leaves.
    pub level: u8,
    /// Position in its level, from the left.
    pub index: u64,
}

/// The right edge of a growing tree: all that an append needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the perfect subtrees, the greatest (leftmost) first.
    edge: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a tree without leaves.
    #[must_use]
    pub const fn empty() -> Self {
        Self { size: 0, edge: Vec::new() }
    }

    /// A frontier from storage; `None` when the hashes do not fit the size.
    #[must_use]
    pub fn from_parts(size: u64, edge: Vec<Hash>) -> Option<Self> {
        (u32::try_from(edge.len()) == Ok(size.count_ones())).then_some(Self { size, edge })
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes for storage, the greatest subtree's first.
    #[must_use]
    pub fn edge(&self) -> &[Hash] {
        &self.edge
    }

    /// Appends a leaf. Returns the nodes it completes, from the leaf upwards; whoever
    /// keeps them can prove everything later.
    pub fn append(&mut self, leaf: Hash) -> Vec<(NodeId, Hash)> {
        let mut node = NodeId { level: 0, index: self.size };
        let mut hash = leaf;
        let mut completed = vec![(node, hash)];
        // Each one-bit at the low end of the size is a subtree as high as the new one.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.edge.pop() else { break };
            hash = node_hash(&left, &hash);
            node = NodeId { level: node.level + 1, index: node.index >> 1 };
            completed.push((node, hash));
        }
        self.edge.push(hash);
        self.size += 1;
        completed
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut hashes = self.edge.iter().rev().copied();
        let Some(last) = hashes.next() else { return empty_root() };
        hashes.fold(last, |right, left| node_hash(&left, &right))
    }
}

/// Why no proof could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError<E> {
    /// The leaf or the older tree is not inside the tree.
    #[error("the tree of {size} entries does not reach {asked}")]
    OutOfRange {
        /// The leaf's index or the older size.
        asked: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A node could not be read.
    #[error("a node of the tree could not be read: {0}")]
    Node(E),
}

/// The path from leaf `index` to the root of the tree of `size` leaves. `node` reads the
/// hash of a perfect subtree inside that tree; it is asked O(log² size) times.
pub fn inclusion_proof<E>(
    index: u64,
    size: u64,
    mut node: impl FnMut(NodeId) -> Result<Hash, E>,
) -> Result<Vec<Hash>, ProofError<E>> {
    if index >= size {
        return Err(ProofError::OutOfRange { asked: index, size });
    }
    let mut proof = Vec::new();
    let (mut begin, mut end) = (0, size);
    while end - begin > 1 {
        let middle = begin + split_point(end - begin);
        let sibling = if index < middle { (middle, end) } else { (begin, middle) };
        proof.push(subtree_root(sibling.0, sibling.1, &mut node).map_err(ProofError::Node)?);
        (begin, end) = if index < middle { (begin, middle) } else { (middle, end) };
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `size` leaves begins with the tree of `old_size` leaves.
/// Empty when `old_size` is 0 or `size`. For `node` see [`inclusion_proof`].
pub fn consistency_proof<E>(
    old_size: u64,
    size: u64,
    mut node: impl FnMut(NodeId) -> Result<Hash, E>,
) -> Result<Vec<Hash>, ProofError<E>> {
    if old_size > size {
        return Err(ProofError::OutOfRange { asked: old_size, size });
    }
    if old_size == 0 || old_size == size {
        return Ok(Vec::new());
    }
    let mut proof = Vec::new();
    let (mut begin, mut end) = (0, size);
    while end != old_size {
        let middle = begin + split_point(end - begin);
        let sibling = if old_size <= middle { (middle, end) } else { (begin, middle) };
        proof.push(subtree_root(sibling.0, sibling.1, &mut node).map_err(ProofError::Node)?);
        (begin, end) = if old_size <= middle { (begin, middle) } else { (middle, end) };
    }
    // The old tree's own root is known to the verifier, unless it is not one subtree.
    if begin > 0 {
        proof.push(subtree_root(begin, end, &mut node).map_err(ProofError::Node)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether `proof` shows that the tree of `size` leaves and this `root` holds `leaf` at
/// `index` (RFC 9162 §2.1.3.2).
#[must_use]
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree of `size` leaves only continues the tree of
/// `old_size` leaves (RFC 9162 §2.1.4.2).
#[must_use]
pub fn verify_consistency(old_size: u64, size: u64, proof: &[Hash], old_root: &Hash, root: &Hash) -> bool {
    if old_size > size {
        return false;
    }
    if old_size == size {
        return proof.is_empty() && old_root == root;
    }
    if old_size == 0 {
        return proof.is_empty() && *old_root == empty_root();
    }
    // A perfect old tree is a node of the new one: its root begins the path unsaid.
    let mut path = proof.iter();
    let first = if old_size.is_power_of_two() { Some(old_root) } else { path.next() };
    let Some(first) = first else { return false };
    let shift = (old_size - 1).trailing_ones();
    let (mut at, mut last) = ((old_size - 1) >> shift, (size - 1) >> shift);
    let (mut old, mut new) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new = node_hash(&new, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old == *old_root && new == *root
}

/// The greatest power of two below `width`, which is at least 2.
const fn split_point(width: u64) -> u64 {
    1 << (u64::BITS - 1 - (width - 1).leading_zeros())
}

/// The root over the leaves `begin..end`, where `begin` is a multiple of the greatest
/// power of two within the width (as every split of a tree is).
fn subtree_root<E>(
    begin: u64,
    end: u64,
    node: &mut impl FnMut(NodeId) -> Result<Hash, E>,
) -> Result<Hash, E> {
    let width = end - begin;
    if width.is_power_of_two() {
        let level = width.trailing_zeros();
        return node(NodeId { level: u8::try_from(level).unwrap_or(u8::MAX), index: begin >> level });
    }
    let middle = begin + split_point(width);
    let left = subtree_root(begin, middle, node)?;
    let right = subtree_root(middle, end, node)?;
    Ok(node_hash(&left, &right))
}

#[cfg(test)]
#[path = "merkle_tests.rs"]
mod tests;
