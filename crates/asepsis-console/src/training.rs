//! Courses, their quizzes, and what was passed.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use asepsis_conduct::{Courses, Learned, TRAINING, Tries};
use asepsis_course::{Course, Graded, Standing};
use asepsis_log::{Log, act_event};
use asepsis_people::ledger;
use asepsis_store::{Change, Store};
use asepsis_vocab::{Act, ActKind};
use time::OffsetDateTime;

use crate::console::INTERFACE;
use crate::form::Form;
use crate::html::Html;
use crate::keys::date;
use crate::markdown;
use crate::page::{After, Page, PageError, Shown, Submitted, Visit};

const PATH: &str = "/asepsis/training";

/// What the organisation's own refused exchanges teach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// How often it happened lately.
    pub times: usize,
    /// Why it was refused, and what helps.
    pub says: String,
}

/// The lessons, once they are known.
pub type Lessons<'a> = Pin<Box<dyn Future<Output = Vec<Lesson>> + Send + 'a>>;

/// Knows what was refused lately at this organisation. No user is named.
pub trait Practice: Send + Sync {
    /// The most frequent reasons of the last 90 days before `now`, in seconds since 1970 UTC.
    fn lessons(&self, now: i64) -> Lessons<'_>;
}

/// The page of the courses.
pub struct TrainingPage {
    store: Store,
    log: Log,
    courses: Arc<Courses>,
    practice: Arc<dyn Practice>,
    tries: Mutex<Tries>,
}

impl TrainingPage {
    /// A page of these courses.
    pub fn new(store: Store, log: Log, courses: Arc<Courses>, practice: Arc<dyn Practice>) -> Self {
        Self { store, log, courses, practice, tries: Mutex::default() }
    }

    async fn learned(&self, user: &str) -> Result<(Learned, u32), PageError> {
        match self.store.record(TRAINING, user).await? {
            None => Ok((Learned::default(), 0)),
            Some(record) => Ok((Learned::read(&record.body)?, record.version)),
        }
    }

    /// A course that is for the visitor.
    fn course(&self, visit: &Visit<'_>, id: &str) -> Result<&Course, PageError> {
        let found = self.courses.course(id).filter(|course| course.is_for(&visit.who.role));
        found.ok_or_else(|| PageError("There is no such course for you.".to_owned()))
    }

    async fn list(&self, visit: &Visit<'_>) -> Result<Html, PageError> {
        let (learned, _) = self.learned(&visit.who.user).await?;
        let now = moment(visit.now);
        let mut html = Html::new()
            .raw("<p>Until each of these counts, only text without names may go to AI systems. What you pass counts from the next question on.</p>")
            .raw("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Course</th><th scope=\"col\">Minutes</th>")
            .raw("<th scope=\"col\">State</th></tr></thead><tbody>");
        for course in self.courses.of(&visit.who.role) {
            let standing = learned.standing(course, now);
            html = html.raw("<tr><th scope=\"row\"><a href=\"/asepsis/training?course=").text(&course.id).raw("\">");
            html = html.text(&course.title).raw("</a></th><td>").text(&course.minutes.to_string()).raw("</td><td");
            html = match standing {
                Standing::Current { until } => html
                    .raw(" class=\"good\">counts until ")
                    .text(&until.date().to_string())
                    .raw(" (<a href=\"/asepsis/training?certificate=")
                    .text(&course.id)
                    .raw("\">certificate</a>)"),
                Standing::Lapsed { since } => html.raw(">ended on ").text(&since.date().to_string()),
                Standing::Older => html.raw(">there is something new in it"),
                Standing::Missing => html.raw(">not passed yet"),
            };
            html = html.raw("</td></tr>");
        }
        html = html.raw("</tbody></table></div>");
        let lessons = self.practice.lessons(visit.now).await;
        if !lessons.is_empty() {
            html = html.raw(
                "<h2>From our own practice</h2><p>What was stopped here in the last 90 days, and what helps:</p><ul>",
            );
            for lesson in &lessons {
                html = html.raw("<li>").text(&lesson.times.to_string());
                html = html.raw(if lesson.times == 1 { " time: " } else { " times: " }).text(&lesson.says).raw("</li>");
            }
            html = html.raw("</ul>");
        }
        Ok(html)
    }

    fn lesson(visit: &Visit<'_>, course: &Course) -> Html {
        let mut html = Html::new().raw("<h2>").text(&course.title).raw("</h2>").with(&markdown::html(&course.text));
        html = html.raw("<h2>Questions</h2>").with(&visit.form(PATH)).hidden("course", &course.id);
        for (at, question) in course.questions.iter().enumerate() {
            let name = |answer: usize| format!("q{}a{}", at + 1, answer + 1);
            html = html.raw("<fieldset><legend>").text(&question.ask).raw("</legend>");
            for (choice, answer) in question.answers.iter().enumerate() {
                let name = name(choice);
                html = html.raw("<p><input type=\"checkbox\" value=\"1\" name=\"").text(&name).raw("\" id=\"");
                html =
                    html.text(&name).raw("\"> <label for=\"").text(&name).raw("\">").text(answer).raw("</label></p>");
            }
            html = html.raw("</fieldset>");
        }
        html.raw("<p>A question can have more than one right answer.</p><p><button type=\"submit\">Mark it</button></p></form>")
    }

    fn result(course: &Course, graded: &Graded<'_>) -> Html {
        let mut html = Html::new().raw("<p role=\"status\" class=\"");
        html = html.raw(if graded.passed { "good\">Passed: " } else { "bad\">Not passed: " });
        html = html.text(&graded.right.to_string()).raw(" of ").text(&graded.of.to_string()).raw(" right, ");
        html = html.text(&course.pass.to_string()).raw(" in a hundred are needed.</p>");
        for missed in &graded.missed {
            html = html.raw("<h2>").text(&missed.question.ask).raw("</h2><p>").text(&missed.question.why).raw("</p>");
        }
        html.raw("<p><a href=\"/asepsis/training\">Back to the courses</a></p>")
    }

    async fn certificate(&self, visit: &Visit<'_>, course: &Course) -> Result<Html, PageError> {
        let (learned, version) = self.learned(&visit.who.user).await?;
        let passed = learned.passed.iter().filter(|known| known.course == course.id).max_by_key(|known| known.at);
        let passed = passed.ok_or_else(|| PageError("You have not passed this course.".to_owned()))?;
        Ok(Html::new()
            .raw("<div class=\"certificate\"><p>This is to say that</p><p><strong>")
            .text(&visit.who.user)
            .raw("</strong></p><p>passed</p><p><strong>")
            .text(&course.title)
            .raw("</strong>, version ")
            .text(&passed.version.to_string())
            .raw("</p><p>on ")
            .text(&date(passed.at))
            .raw(" (45 CFR 164.308(a)(5)).</p><p>Record training/")
            .text(&visit.who.user)
            .raw(", version ")
            .text(&version.to_string())
            .raw("; the audit log has its entry: <code>asepsis audit search</code>.</p></div>"))
    }
}

impl Page for TrainingPage {
    fn path(&self) -> &'static str {
        PATH
    }

    fn title(&self) -> &'static str {
        "Training"
    }

    fn show<'a>(&'a self, visit: &'a Visit<'a>) -> Shown<'a> {
        Box::pin(async move {
            match (visit.query.get("course"), visit.query.get("certificate")) {
                ("", "") => self.list(visit).await,
                ("", id) => self.certificate(visit, self.course(visit, id)?).await,
                (id, _) => Ok(Self::lesson(visit, self.course(visit, id)?)),
            }
        })
    }

    fn submit<'a>(&'a self, visit: &'a Visit<'a>, form: &'a Form) -> Submitted<'a> {
        Box::pin(async move {
            let course = self.course(visit, form.get("course"))?;
            if !self.tries.lock().unwrap_or_else(PoisonError::into_inner).may(&visit.who.user, visit.now) {
                return Err(PageError(format!(
                    "You have tried {} times within an hour. Read the lesson, and try again later.",
                    Tries::MOST
                )));
            }
            let chosen = |at: usize, of: usize| -> BTreeSet<usize> {
                (1..=of).filter(|choice| form.count(&format!("q{}a{choice}", at + 1)) > 0).collect()
            };
            let answers: Vec<BTreeSet<usize>> =
                course.questions.iter().enumerate().map(|(at, question)| chosen(at, question.answers.len())).collect();
            let graded = course.grade(&answers);
            let act = Act {
                kind: if graded.passed { ActKind::TrainingPassed } else { ActKind::TrainingFailed },
                target: Some(format!("{}@{}", course.id, course.version)),
                basis: None,
                figures: [("right".to_owned(), graded.right as u64), ("of".to_owned(), graded.of as u64)].into(),
            };
            self.log.append(&act_event(act, INTERFACE, Some(visit.actor()))).await?;
            if graded.passed {
                let (mut learned, version) = self.learned(&visit.who.user).await?;
                learned.pass(course, visit.now);
                let change = Change::set(TRAINING, &visit.who.user, learned.body()).expecting(version);
                ledger::change(&self.log, &self.store, vec![change], &visit.actor(), INTERFACE, visit.now).await?;
            }
            Ok(After::Show(Self::result(course, &graded)))
        })
    }
}

fn moment(at: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
