// On one's own page: what is offered to one or by one, and when one is away.
import { Asked } from "opsknight-schedules/asked.js";
import { namesOf, readPeople } from "opsknight-schedules/people.js";

export default {
  components: { Asked },
  props: { schedules: Object, me: Object, may_cover: Boolean, may_edit: Boolean },
  template: `<div class="ok-offers"><Asked :people="people" :names="names" :zone="zone" :me="me" :own="[me.id]" :may-cover="may_cover" :may-edit="false" :schedules="schedules"></Asked></div>`,
  data: () => ({ people: [], zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC" }),
  computed: { names() { return namesOf(this.people); } },
  mounted() { readPeople().then((people) => { this.people = people; }); },
};
