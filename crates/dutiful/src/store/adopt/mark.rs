//! The mark of a copied row: which row of which table it was made from, and how both were then.
//!
//! It stands in the column `submission_key`, which keeps its value whatever becomes of a task, and has the form
//! of a UUID of version 8; all other keys there are of version 7. Of its 122 free bits 26 tell the table and 48
//! each the old row and the new one.

use sha2::{Digest, Sha256};

/// The first bits of a digest.
pub(crate) type Print = [u8; 6];

/// The mark of a copied row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(pub(crate) [u8; 16]);

const VERSION: u8 = 0x80;
const VARIANT: u8 = 0x80;

impl Mark {
    /// Of a row that was made from one like `old` of this table, and was like `new` then.
    pub(crate) fn new(table: &str, old: Print, new: Print) -> Mark {
        let of_table = print(["table", table]);
        let mut mark = [0; 16];
        mark[..6].copy_from_slice(&new);
        mark[6] = VERSION | (of_table[0] & 0x0f);
        mark[7] = of_table[1];
        mark[8] = VARIANT | (of_table[2] & 0x3f);
        mark[9] = of_table[3];
        mark[10..].copy_from_slice(&old);
        Mark(mark)
    }

    /// The mark that stands in a row; `None` when the row was not copied from this table.
    pub(crate) fn read(key: Option<&[u8]>, table: &str) -> Option<Mark> {
        let mark = Mark(key?.try_into().ok()?);
        let same = Mark::new(table, mark.old(), mark.new_row());
        (mark == same).then_some(mark)
    }

    /// How the old row was.
    pub(crate) fn old(&self) -> Print {
        let mut old = [0; 6];
        old.copy_from_slice(&self.0[10..]);
        old
    }

    /// How the new row was.
    pub(crate) fn new_row(&self) -> Print {
        let mut new = [0; 6];
        new.copy_from_slice(&self.0[..6]);
        new
    }
}

/// Of parts that do not run into each other.
pub(crate) fn print<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Print {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.as_ref().len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut print = [0; 6];
    print.copy_from_slice(&digest[..6]);
    print
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_its_table_and_both_rows() {
        let (old, new) = (print(["old"]), print(["new"]));
        let mark = Mark::new("tasks", old, new);
        assert_eq!(Mark::read(Some(&mark.0), "tasks"), Some(mark));
        assert_eq!((mark.old(), mark.new_row()), (old, new));
        assert_eq!(Mark::read(Some(&mark.0), "other"), None);
        assert_ne!(print(["ab", "c"]), print(["a", "bc"]));
    }

    #[test]
    fn no_other_key_is_taken_for_a_mark() {
        for _ in 0..1_000 {
            let key = uuid::Uuid::now_v7().into_bytes();
            assert_eq!(Mark::read(Some(&key), "tasks"), None);
        }
        assert_eq!(Mark::read(None, "tasks"), None);
        assert_eq!(Mark::read(Some(&[0x80; 15]), "tasks"), None);
    }
}
