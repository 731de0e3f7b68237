// Everybody by number, those of the schedule first; one choice among them that a single press makes.
import { read } from "./http.js";
import { initials } from "./words.js";

export async function readPeople() {
  const { ok, body } = await read("/api/v1/people");
  return ok ? body : [];
}
export const namesOf = (people) => Object.fromEntries(people.map((one) => [one.id, one.name]));

// Who may be chosen: the reader, then those of the schedule, then everybody else who is active.
export function choices(people, { own, me, without }) {
  const rank = (one) => (one.id === me.id ? 0 : own.has(one.id) ? 1 : 2);
  const active = people.filter((one) => one.active && one.id !== without);
  return active.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name)).map((one) => ({ ...one, near: rank(one) < 2 }));
}

export const Choose = {
  props: { modelValue: Number, people: Array, colours: Object, me: Object, label: String, name: String },
  emits: ["update:modelValue"],
  template: `
  <fieldset class="ok-choose">
    <legend>{{ label }}</legend>
    <div class="ok-choose-people">
      <label v-for="one in near" :key="one.id"><input type="radio" :name="name" :value="one.id" :checked="one.id === modelValue" @change="$emit('update:modelValue', one.id)">
        <i :data-who="colours[one.id]" aria-hidden="true">{{ initials(one.name) }}</i><span>{{ one.name }}</span><em v-if="one.id === me.id" class="ok-you">you</em><small v-if="!one.reachable">cannot be paged</small></label>
      <select v-if="far.length" class="ok-select" :aria-label="label + ': everybody else'" :value="far.some((one) => one.id === modelValue) ? modelValue : ''" @change="$emit('update:modelValue', Number($event.target.value) || null)">
        <option value="">{{ near.length ? 'Somebody else…' : 'Choose…' }}</option>
        <option v-for="one in far" :key="one.id" :value="one.id">{{ one.name }}{{ one.reachable ? '' : ' (cannot be paged)' }}</option></select>
    </div>
  </fieldset>`,
  computed: {
    near() { return this.people.filter((one) => one.near).slice(0, 8); },
    far() { return this.people.filter((one) => !this.near.includes(one)); },
  },
  methods: { initials },
};
