//! JUnit's XML, as Jenkins and GitLab read it: a suite a kind, a test case a request.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{about, rate, why};
use crate::outcome::{Outcome, Outcomes, Standing};
use crate::suite::Kind;

/// The outcomes as JUnit's XML.
///
/// # Errors
/// Never: it is written into memory.
pub fn junit(outcomes: &Outcomes<'_>) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all: Vec<_> = outcomes.all.iter().collect();
    let [tests, failures, errors, _] = counts(&all);
    writer
        .create_element("testsuites")
        .with_attributes([
            ("name", "asepsis gate"),
            ("tests", tests.as_str()),
            ("failures", &failures),
            ("errors", &errors),
        ])
        .write_inner_content(|writer| {
            for kind in Kind::ALL {
                let own: Vec<_> = outcomes.all.iter().filter(|one| one.case.kind == kind).collect();
                if !own.is_empty() {
                    suite(writer, kind, &own)?;
                }
            }
            Ok(())
        })?;
    String::from_utf8(writer.into_inner()).map_err(io::Error::other)
}

fn counts(all: &[&Outcome<'_>]) -> [String; 4] {
    let of = |standing| all.iter().filter(|one| one.standing() == standing).count().to_string();
    [all.len().to_string(), of(Standing::Failed), of(Standing::Error), of(Standing::Known)]
}

fn suite(writer: &mut Writer<Vec<u8>>, kind: Kind, all: &[&Outcome<'_>]) -> io::Result<()> {
    let [tests, failures, errors, skipped] = counts(all);
    writer
        .create_element("testsuite")
        .with_attributes([
            ("name", kind.word()),
            ("tests", tests.as_str()),
            ("failures", &failures),
            ("errors", &errors),
            ("skipped", &skipped),
        ])
        .write_inner_content(|writer| {
            for one in all {
                let (class, name) = (format!("asepsis.gate.{kind}"), one.key());
                let element = writer.create_element("testcase").with_attributes([
                    ("classname", class.as_str()),
                    ("name", &name),
                    ("file", &one.case.source.0),
                ]);
                match one.standing() {
                    Standing::Passed => {
                        element.write_empty()?;
                    }
                    Standing::Known => {
                        element.write_inner_content(|writer| {
                            let message = format!("known failure (baseline), {}", rate(one));
                            writer
                                .create_element("skipped")
                                .with_attribute(("message", message.as_str()))
                                .write_empty()?;
                            Ok(())
                        })?;
                    }
                    standing => {
                        let name = if standing == Standing::Failed { "failure" } else { "error" };
                        element.write_inner_content(|writer| {
                            let text = format!("{}\n{}\n{}", about(one), why(one), one.case.remedy);
                            writer
                                .create_element(name)
                                .with_attributes([("message", rate(one).as_str()), ("type", kind.word())])
                                .write_text_content(BytesText::new(&text))?;
                            Ok(())
                        })?;
                    }
                }
            }
            Ok(())
        })?;
    Ok(())
}
