// The users of the demo. The password is the name.
export const users = new Map([
  ['alice', { name: 'Alice', groups: ['creators'], role: 'owns the examples' }],
  ['mia', { name: 'Mia', groups: ['moderators'], role: 'moderates the chat' }],
  ['bob', { name: 'Bob', groups: [], role: 'is a viewer' }],
]);
