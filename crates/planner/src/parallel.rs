//! Work shared by threads with results in the order of the work, so that nothing depends on the number of threads.

use std::sync::Mutex;

/// Applies `work` to every element, with one scratch for each thread.
pub(crate) fn map_mut<T: Send, S: Default, R: Send>(
    threads: usize,
    items: &mut [T],
    work: impl Fn(usize, &mut T, &mut S) -> R + Sync,
) -> Vec<R> {
    if threads <= 1 || items.len() <= 1 {
        let mut scratch = S::default();
        return items.iter_mut().enumerate().map(|(at, item)| work(at, item, &mut scratch)).collect();
    }
    let count = items.len();
    let queue = Mutex::new(items.iter_mut().enumerate());
    let mut results: Vec<Option<R>> = (0..count).map(|_| None).collect();
    let done = Mutex::new(&mut results);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            scope.spawn(|| {
                let mut scratch = S::default();
                loop {
                    let next = queue.lock().expect("no thread panics while it takes work").next();
                    let Some((at, item)) = next else { break };
                    let result = work(at, item, &mut scratch);
                    done.lock().expect("no thread panics while it hands in")[at] = Some(result);
                }
            });
        }
    });
    results.into_iter().map(|result| result.expect("every element was worked on")).collect()
}
