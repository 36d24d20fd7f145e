use super::{Cursor, Field, Result};
use crate::reply::ReplyFault;
use crate::shape::SecretMap;

impl Cursor<'_> {
    /// Reads a map of the Query protocol, `<entry><key>…</key><value>…</value></entry>…`; leaves its element.
    ///
    /// An entry without a key or without a value is an error, and so are two entries with the same key: neither a missing
    /// value nor a choice between two is made up. An empty value is a value.
    pub(crate) fn map(&mut self, name: &'static str) -> Result<SecretMap> {
        let mut map = SecretMap::default();
        while self.child()? {
            if self.name() != b"entry" {
                self.skip()?;
                continue;
            }
            let mut key = Field::new("key");
            let mut value = Field::new("value");
            while self.child()? {
                match self.name() {
                    b"key" => key.set(self.text()?.into_owned())?,
                    b"value" => value.set(self.secret_text()?)?,
                    _ => self.skip()?,
                }
            }
            if !map.insert(key.required()?, value.required()?) {
                return Err(ReplyFault::SameKey { name });
            }
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entries: &str) -> Result<Vec<(String, String)>> {
        let document = format!("<M>{entries}</M>");
        let mut cursor = Cursor::new(document.as_bytes())?;
        let map = cursor.map("M")?;
        cursor.finish()?;
        Ok(map.iter().map(|(key, value)| (key.to_owned(), value.expose().to_owned())).collect())
    }

    fn entry(key: &str, value: &str) -> String {
        format!("<entry><key>{key}</key><value>{value}</value></entry>")
    }

    #[test]
    fn map_with_any_number_of_entries_is_read_whole() {
        for count in [0, 1, 50] {
            let expected: Vec<_> = (0..count).map(|i| (format!("key{i:02}"), format!("value {i}"))).collect();
            let entries: String = expected.iter().map(|(key, value)| entry(key, value)).collect();
            assert_eq!(read(&entries).unwrap(), expected);
        }
    }

    #[test]
    fn map_entry_in_any_order_with_unknown_elements_is_read() {
        let entries = "\n <other>x</other> <entry>\n<value> a &amp; b </value><new><key>n</key></new><key>k</key>\n</entry>";
        assert_eq!(read(entries).unwrap(), [("k".to_owned(), "a & b".to_owned())]);
        assert_eq!(read(&entry("", "")).unwrap(), [(String::new(), String::new())]);
        assert_eq!(read("<entry><key/><value/></entry>").unwrap(), [(String::new(), String::new())]);
    }

    #[test]
    fn map_entry_without_a_half_is_an_error() {
        let before = entry("a", "1");
        for (half, name) in [("<value>2</value>", "key"), ("<key>b</key>", "value"), ("", "key")] {
            let fault = read(&format!("{before}<entry>{half}</entry>")).unwrap_err();
            assert_eq!(fault, ReplyFault::Missing { name });
        }
        let twice = "<entry><key>a</key><value>1</value><value>2</value></entry>";
        assert_eq!(read(twice).unwrap_err(), ReplyFault::Twice { name: "value" });
    }

    #[test]
    fn map_with_a_key_twice_is_an_error() {
        let fault = read(&(entry("a", "1") + &entry("b", "1") + &entry("a", "1"))).unwrap_err();
        assert_eq!(fault, ReplyFault::SameKey { name: "M" });
        assert_eq!(fault.to_string(), "two entries of <M> have the same key");
        read(&(entry("a", "1") + &entry("A", "1"))).unwrap();
    }
}
