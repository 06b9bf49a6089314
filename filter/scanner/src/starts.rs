//! Queues of start positions that can be joined in constant time.

/// Nodes of all queues of one stream.
#[derive(Debug, Default)]
pub(crate) struct Starts {
    nodes: Vec<Node>,
    free: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    start: u64,
    next: Option<u32>,
}

/// A queue of ascending start positions; never empty while it belongs to a thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queue {
    head: u32,
    tail: u32,
}

// === impl Starts ===

impl Starts {
    /// A queue of one.
    pub(crate) fn single(&mut self, start: u64) -> Queue {
        let node = Node { start, next: None };
        // A start stays alive for at most the largest cap, so 32 bits are plenty.
        let index = self.free.unwrap_or_else(|| u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        if self.free.is_some() {
            self.free = self.next(index);
        }
        match self.nodes.get_mut(index as usize) {
            Some(slot) => *slot = node,
            None => self.nodes.push(node),
        }
        Queue { head: index, tail: index }
    }

    /// The oldest start.
    pub(crate) fn front(&self, queue: Queue) -> u64 {
        self.nodes.get(queue.head as usize).map_or(u64::MAX, |node| node.start)
    }

    /// Drops the oldest start; `None` if it was the last.
    pub(crate) fn pop_front(&mut self, queue: Queue) -> Option<Queue> {
        let next = self.next(queue.head);
        self.release(queue.head, queue.head);
        next.map(|head| Queue { head, ..queue })
    }

    /// Both queues as one; every start of `younger` must be larger than those of `older`.
    pub(crate) fn join(&mut self, older: Queue, younger: Queue) -> Queue {
        if let Some(tail) = self.nodes.get_mut(older.tail as usize) {
            tail.next = Some(younger.head);
        }
        Queue { head: older.head, tail: younger.tail }
    }

    /// Gives all nodes of a queue back.
    pub(crate) fn drop_all(&mut self, queue: Queue) {
        self.release(queue.head, queue.tail);
    }

    /// Cuts the queue behind the node at `cursor`.
    pub(crate) fn cut_behind(&mut self, queue: Queue, cursor: Cursor) -> Queue {
        if cursor.0 != queue.tail {
            let rest = self.next(cursor.0);
            if let Some(node) = self.nodes.get_mut(cursor.0 as usize) {
                node.next = None;
            }
            if let Some(rest) = rest {
                self.release(rest, queue.tail);
            }
        }
        Queue { head: queue.head, tail: cursor.0 }
    }

    /// The first position of a walk over the queue, oldest first.
    pub(crate) fn cursor(queue: Queue) -> Cursor {
        Cursor(queue.head)
    }

    /// The start at `cursor`.
    pub(crate) fn at(&self, cursor: Cursor) -> u64 {
        self.nodes.get(cursor.0 as usize).map_or(u64::MAX, |node| node.start)
    }

    /// The next position of a walk.
    pub(crate) fn advance(&self, cursor: Cursor) -> Option<Cursor> {
        self.next(cursor.0).map(Cursor)
    }

    fn next(&self, index: u32) -> Option<u32> {
        self.nodes.get(index as usize).and_then(|node| node.next)
    }

    /// Puts the chain `head..=tail` on the free list.
    fn release(&mut self, head: u32, tail: u32) {
        let free = self.free;
        if let Some(node) = self.nodes.get_mut(tail as usize) {
            node.next = free;
            self.free = Some(head);
        }
    }
}

/// A place in a queue during a walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor(u32);

#[cfg(test)]
mod tests {
    use super::*;

    fn list(starts: &Starts, queue: Queue) -> Vec<u64> {
        let mut found = vec![];
        let mut cursor = Some(Starts::cursor(queue));
        while let Some(at) = cursor {
            found.push(starts.at(at));
            cursor = starts.advance(at);
        }
        found
    }

    #[test]
    fn joins_cuts_and_reuses_nodes() {
        let mut starts = Starts::default();
        let mut queue = starts.single(1);
        for start in 2..6 {
            let younger = starts.single(start);
            queue = starts.join(queue, younger);
        }
        assert_eq!(list(&starts, queue), [1, 2, 3, 4, 5]);
        let second = starts.advance(Starts::cursor(queue)).unwrap();
        queue = starts.cut_behind(queue, second);
        assert_eq!(list(&starts, queue), [1, 2]);
        let queue = starts.pop_front(queue).unwrap();
        assert_eq!(list(&starts, queue), [2]);
        assert!(starts.pop_front(queue).is_none());
        for start in 0..5 {
            starts.single(start);
        }
        assert_eq!(starts.nodes.len(), 5, "all nodes were free again");
    }
}
